import { Button, Modal, NumberInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import type { Team } from '../api/teamTypes';
import { type ApiKey, keyApi } from './api';
import classes from './keys.module.css';
import { PaysWith } from './PaysWith';

interface Props {
  apiKey: ApiKey | null;
  teams: Team[];
  onClose: () => void;
  onKept: () => unknown;
}

/** What a key pays with, and how much of it in a month. */
export function KeyTerms({ apiKey, teams, onClose, onKept }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={apiKey !== null}
      onClose={onClose}
      title={t('keys.edit_title', { name: apiKey?.name })}
      radius="lg"
      centered
    >
      {apiKey && <Form key={apiKey.id} apiKey={apiKey} teams={teams} onClose={onClose} onKept={onKept} />}
    </Modal>
  );
}

function Form({ apiKey, teams, onClose, onKept }: Props & { apiKey: ApiKey }) {
  const { t } = useTranslation();
  const [paysWith, setPaysWith] = useState(apiKey.pays_with);
  const [budget, setBudget] = useState<number | string>(apiKey.budget_mt / 1000 || '');
  const keep = useMutation({
    mutationFn: () =>
      keyApi.setKeyTerms(apiKey.id, {
        pays_with: paysWith,
        budget_mt: Math.round(Number(budget || 0) * 1000),
      }),
    onSuccess: () => {
      notifications.show({ color: 'green', message: t('keys.edit_kept', { name: apiKey.name }) });
      void onKept();
      onClose();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    keep.mutate();
  };
  const error = keep.error instanceof ApiError ? keep.error : null;
  return (
    <form onSubmit={submit} className={classes.terms}>
      <p className="soft">{t('keys.edit_text')}</p>
      <PaysWith value={paysWith} teams={teams} error={error?.field('pays_with')} onChange={setPaysWith} />
      <NumberInput
        label={t('keys.budget')}
        placeholder={t('keys.budget_none')}
        description={`${t('keys.budget_hint')} ${t('keys.period')}`}
        value={budget}
        onChange={setBudget}
        min={0}
        decimalScale={3}
        allowNegative={false}
        thousandSeparator=","
        hideControls
        error={error?.field('budget_mt')}
      />
      {error && error.fields.length === 0 && (
        <p role="alert" className="problem">
          {error.message}
        </p>
      )}
      <div className={classes.confirm}>
        <Button variant="default" onClick={onClose}>
          {t('common.close')}
        </Button>
        <Button type="submit" loading={keep.isPending}>
          {t('keys.edit_keep')}
        </Button>
      </div>
    </form>
  );
}
