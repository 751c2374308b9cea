import { Button, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { moneyApi } from '../api/money';
import { queries } from '../api/queries';
import { useTokens } from '../format/useTokens';
import classes from './wallet.module.css';

/** Tokens for a code from the operator. */
export function CodeField() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const worded = useTokens();
  const [code, setCode] = useState('');
  const redeem = useMutation({
    mutationFn: () => moneyApi.redeem(code.trim()),
    onSuccess: ({ amount_mt }) => {
      setCode('');
      notifications.show({ color: 'green', message: t('wallet.code_done', { amount: worded(amount_mt) }) });
      void client.invalidateQueries({ queryKey: queries.wallet().queryKey });
      void client.invalidateQueries({ queryKey: queries.session().queryKey });
      void client.invalidateQueries({ queryKey: ['journal'] });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (code.trim()) redeem.mutate();
  };
  return (
    <section className="panel" aria-labelledby="code-title">
      <h2 id="code-title">{t('wallet.code_title')}</h2>
      <form onSubmit={submit} className={classes.code}>
        <TextInput
          label={t('wallet.code')}
          placeholder="ABCD-EFGH-JKMN-PQRS-TVWX"
          value={code}
          maxLength={100}
          autoComplete="off"
          spellCheck={false}
          onChange={(e) => {
            setCode(e.currentTarget.value);
            if (redeem.isError) redeem.reset();
          }}
          error={redeem.error?.message}
        />
        <Button type="submit" variant="default" loading={redeem.isPending} disabled={!code.trim()}>
          {t('wallet.code_redeem')}
        </Button>
      </form>
    </section>
  );
}
