import { Button, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import classes from './admin.module.css';

interface Props {
  label: string;
  hint?: string;
  yes: string;
  danger?: boolean;
  busy: boolean;
  error: Error | null;
  testid?: string;
  /** Fields before the reason. */
  children?: ReactNode;
  disabled?: boolean;
  onYes: (reason: string) => void;
}

/** A deed that wants a reason, which its owner reads. */
export function Reason({ label, hint, yes, danger, busy, error, testid, children, disabled, onYes }: Props) {
  const { t } = useTranslation();
  const [reason, setReason] = useState('');
  const id = useId();
  const refused =
    error instanceof ApiError
      ? (error.field('reason') ?? (error.fields.length ? undefined : error.message))
      : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (reason.trim()) onYes(reason.trim());
  };
  return (
    <form className={classes.reason} onSubmit={submit}>
      {children}
      <TextInput
        id={id}
        label={label}
        description={hint}
        placeholder={t('admin.reason_hint')}
        value={reason}
        maxLength={300}
        error={refused}
        onChange={(e) => setReason(e.currentTarget.value)}
      />
      <Button
        type="submit"
        variant={danger ? 'filled' : 'default'}
        color={danger ? 'red.8' : undefined}
        loading={busy}
        disabled={disabled || reason.trim().length < 3}
        data-testid={testid}
      >
        {yes}
      </Button>
    </form>
  );
}
