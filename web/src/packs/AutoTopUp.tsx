import { Button, NativeSelect, NumberInput, Skeleton, Switch } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import { moneyApi, moneyQueries } from '../api/money';
import type { PackList, AutoTopUp as Rule, Unit } from '../api/moneyTypes';
import { tokens } from '../format/amount';
import { money } from '../format/money';
import { dayTime } from '../format/time';
import { Failed } from '../shell/Failed';
import classes from './packs.module.css';

interface Props {
  of: Unit;
  list: PackList;
  /** Whose; left out: one's own. */
  team?: string;
}

/** A wallet that fills itself, up to a ceiling a month. */
export function AutoTopUp({ of, list, team }: Props) {
  const { t } = useTranslation();
  const { data, isError, refetch } = useQuery(moneyQueries.autoTopUp(of, team));
  return (
    <section className="panel" aria-labelledby="auto-title">
      <h2 id="auto-title">{t('packs.auto')}</h2>
      <p className={classes.soft}>{t(`packs.auto_text_${of}`)}</p>
      {isError && !data && <Failed text={t('packs.auto_failed')} onRetry={() => void refetch()} />}
      {!data && !isError && <Skeleton height={120} mt={14} radius={12} />}
      {data && <Form rule={data} list={list} team={team} />}
    </section>
  );
}

function Form({ rule, list, team }: { rule: Rule; list: PackList; team?: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [enabled, setEnabled] = useState(rule.enabled);
  const [pack, setPack] = useState(rule.pack || list.items[0]?.name || '');
  const [threshold, setThreshold] = useState<number | string>(rule.threshold_mt / 1000 || 500);
  const [ceiling, setCeiling] = useState<number | string>(rule.ceiling_micros / 1_000_000 || 50);
  const keep = useMutation({
    mutationFn: () =>
      moneyApi.setAutoTopUp(
        {
          of: rule.of,
          enabled,
          pack,
          threshold_mt: Math.round(Number(threshold || 0) * 1000),
          ceiling_micros: Math.round(Number(ceiling || 0) * 1_000_000),
        },
        team,
      ),
    onSuccess: (told) => {
      client.setQueryData(moneyQueries.autoTopUp(rule.of, team).queryKey, told);
      notifications.show({ color: 'green', message: t('packs.auto_kept') });
    },
  });
  const error = keep.error instanceof ApiError ? keep.error : null;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    keep.mutate();
  };
  return (
    <form onSubmit={submit} className={classes.auto}>
      <Switch
        label={t('packs.auto_on')}
        checked={enabled}
        onChange={(e) => setEnabled(e.currentTarget.checked)}
      />
      <div className={classes.autoFields}>
        <NumberInput
          label={t('packs.auto_below')}
          value={threshold}
          onChange={setThreshold}
          min={0}
          thousandSeparator=","
          hideControls
          error={error?.field('threshold_mt')}
        />
        <NativeSelect
          label={t('packs.auto_buy')}
          value={pack}
          onChange={(e) => setPack(e.currentTarget.value)}
          data={list.items.map((p) => ({
            value: p.name,
            label: `${tokens(p.amount_mt)} · ${money(p.price_micros)}`,
          }))}
          error={error?.field('pack')}
        />
        <NumberInput
          label={t('packs.auto_ceiling')}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          description={t('packs.auto_spent', { spent: money(rule.spent_micros) })}
          value={ceiling}
          onChange={setCeiling}
          min={0}
          prefix="$"
          thousandSeparator=","
          hideControls
          error={error?.field('ceiling_micros')}
        />
      </div>
      {error && error.fields.length === 0 && (
        <p role="alert" className="problem">
          {error.message}
        </p>
      )}
      <div className={classes.autoFoot}>
        <Button type="submit" variant="default" loading={keep.isPending}>
          {t('packs.auto_keep')}
        </Button>
        {rule.enabled && (
          <span className={classes.soft}>
            {t(`packs.verdict_${rule.verdict}`)}
            {rule.retry_at && ` ${t('packs.auto_retry', { at: dayTime(rule.retry_at) })}`}
          </span>
        )}
        {!rule.enabled && rule.reason && (
          <span className={classes.soft}>
            {t(rule.reason === 'disputed' ? 'packs.auto_stopped_disputed' : 'packs.auto_stopped')}
          </span>
        )}
      </div>
    </form>
  );
}
