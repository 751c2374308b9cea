import { NativeSelect, NumberInput, Skeleton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { moneyApi, moneyQueries } from '../api/money';
import { type AlertWay, alertKinds, type AlertSettings as Settings } from '../api/moneyTypes';
import { Failed } from '../shell/Failed';
import classes from './wallet.module.css';

const ways = (canMail: boolean): AlertWay[] => (canMail ? ['off', 'page', 'mail'] : ['off', 'page']);

/** How one wants to be told of what. Each choice is kept as it is made. */
export function AlertSettings() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const key = moneyQueries.alertSettings().queryKey;
  const { data, isError, refetch } = useQuery(moneyQueries.alertSettings());
  const keep = useMutation({
    mutationFn: (s: Settings) =>
      moneyApi.setAlertSettings({ ways: s.ways, credits_below_mc: s.credits_below_mc }),
    onMutate: (s) => {
      const before = client.getQueryData<Settings>(key);
      client.setQueryData(key, s);
      return { before };
    },
    onError: (error, _s, context) => {
      client.setQueryData(key, context?.before);
      notifications.show({ color: 'red', title: t('common.failed'), message: error.message });
    },
  });
  return (
    <section className="panel" aria-labelledby="alerts-title">
      <h2 id="alerts-title">{t('alerts.title')}</h2>
      {isError && !data && <Failed text={t('alerts.failed_to_load')} onRetry={() => void refetch()} />}
      {!data && !isError && <Skeleton height={200} mt={14} radius={12} />}
      {data && (
        <>
          <p className={classes.renews}>
            {data.can_mail ? t('alerts.text', { email: data.email }) : t('alerts.no_mail')}
          </p>
          <ul className={classes.ways}>
            {alertKinds.map((kind) => (
              <li key={kind}>
                <span id={`way-${kind}`}>{t(`alerts.kind_${kind}`)}</span>
                <NativeSelect
                  aria-labelledby={`way-${kind}`}
                  data-testid={`way-${kind}`}
                  // Without mail the page is all there is: that is how it is shown, and what was chosen stays.
                  value={data.can_mail || data.ways[kind] !== 'mail' ? data.ways[kind] : 'page'}
                  onChange={(e) =>
                    keep.mutate({
                      ...data,
                      ways: { ...data.ways, [kind]: e.currentTarget.value as AlertWay },
                    })
                  }
                  data={ways(data.can_mail).map((way) => ({
                    value: way,
                    label: t(`alerts.way_${way}`),
                  }))}
                />
                {kind === 'credits' && data.ways.credits !== 'off' && (
                  <Below
                    credits_below_mc={data.credits_below_mc}
                    onKeep={(credits_below_mc) => keep.mutate({ ...data, credits_below_mc })}
                  />
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Below({ credits_below_mc, onKeep }: { credits_below_mc: number; onKeep: (mc: number) => void }) {
  const { t } = useTranslation();
  const [value, setValue] = useState<number | string>(credits_below_mc / 1000);
  return (
    <NumberInput
      className={classes.below}
      label={t('alerts.below')}
      description={t('alerts.below_hint')}
      value={value}
      min={0}
      max={1_000_000_000}
      decimalScale={3}
      allowNegative={false}
      thousandSeparator=","
      hideControls
      onChange={setValue}
      onBlur={() => {
        const mc = Math.round(Number(value || 0) * 1000);
        if (mc !== credits_below_mc) onKeep(mc);
      }}
      onKeyDown={(e) => e.key === 'Enter' && e.currentTarget.blur()}
    />
  );
}
