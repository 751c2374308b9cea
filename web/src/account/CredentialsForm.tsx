import './words';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import { queries } from '../api/queries';
import type { Session } from '../api/types';
import { safeNext } from '../shell/next';
import classes from './account.module.css';
import { checkEmail, checkPassword } from './credentials';

interface Props {
  action: (email: string, password: string) => Promise<Session>;
  label: string;
  /** Choosing a password, not giving it: it is checked and its rule is shown. */
  fresh: boolean;
  next?: string;
}

export function CredentialsForm({ action, label, fresh, next }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const router = useRouter();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [asked, setAsked] = useState(false);

  const enter = useMutation({
    meta: { atTheDoor: true },
    mutationFn: () => action(email.trim(), password),
    onSuccess: (session) => {
      client.clear();
      client.setQueryData(queries.session().queryKey, session);
      router.history.push(safeNext(next));
    },
  });
  const refused = enter.error instanceof ApiError ? enter.error : null;
  const emailFault = asked ? checkEmail(email) : null;
  const passwordFault = asked && fresh ? checkPassword(password) : null;

  const submit = (e: FormEvent) => {
    e.preventDefault();
    setAsked(true);
    if (checkEmail(email) || (fresh && checkPassword(password)) || !password) return;
    enter.mutate();
  };

  return (
    <form onSubmit={submit} className={classes.form} noValidate>
      {refused && refused.fields.length === 0 && (
        <p role="alert" className={classes.refusal}>
          {refused.message}
        </p>
      )}
      <TextInput
        label={t('account.email')}
        type="email"
        name="email"
        autoComplete="username"
        autoFocus
        size="md"
        value={email}
        onChange={(e) => setEmail(e.currentTarget.value)}
        error={emailFault ? t(`account.${emailFault}`) : refused?.field('email')}
      />
      <PasswordInput
        label={t('account.password')}
        name="password"
        autoComplete={fresh ? 'new-password' : 'current-password'}
        size="md"
        description={fresh ? t('account.password_rule') : undefined}
        value={password}
        onChange={(e) => setPassword(e.currentTarget.value)}
        error={
          passwordFault
            ? t(`account.${passwordFault}`)
            : asked && !password
              ? t('account.no_password')
              : refused?.field('password')
        }
        visibilityToggleButtonProps={{ 'aria-label': t('account.show_password'), tabIndex: 0 }}
      />
      <Button type="submit" size="md" loading={enter.isPending} fullWidth>
        {label}
      </Button>
    </form>
  );
}
