import '../shell/menuWords';
import { ActionIcon } from '@mantine/core';
import { IconBellRinging, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import type { Alert } from '../api/moneyTypes';
import { queries } from '../api/queries';
import classes from './alerts.module.css';

/** What the studio has to tell: the newest first, the others behind it. What is dismissed is dismissed everywhere. */
export function Alerts() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const key = queries.alerts().queryKey;
  const { data } = useQuery(queries.alerts());
  const [all, setAll] = useState(false);
  const dismiss = useMutation({
    mutationFn: (a: Alert) => api.dismissAlert(a.id),
    onMutate: (a) => client.setQueryData<Alert[]>(key, (known) => known?.filter((x) => x.id !== a.id)),
    onError: () => void client.invalidateQueries({ queryKey: key }),
  });
  if (!data || data.length === 0) return null;
  const shown = all ? data : data.slice(0, 1);
  return (
    <section className={classes.alerts} aria-label={t('alerts.region')} aria-live="polite">
      {shown.map((a) => (
        <div key={a.id} className={classes.alert} data-kind={a.kind} data-testid="alert">
          <IconBellRinging size={19} stroke={1.8} aria-hidden />
          <p>
            <strong>{a.title}.</strong> {a.text}{' '}
            <Link
              to={a.team_id ? '/teams/$id/plan' : a.kind === 'payment' ? '/plans' : '/wallet'}
              params={{ id: a.team_id ?? '' }}
              className="link"
            >
              {t(a.team_id || a.kind === 'payment' ? 'alerts.to_plans' : 'alerts.to_wallet')}
            </Link>
          </p>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={32}
            aria-label={t('alerts.dismiss', { title: a.title })}
            onClick={() => dismiss.mutate(a)}
          >
            <IconX size={17} stroke={1.8} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      {data.length > 1 && (
        <button type="button" className={`unset link ${classes.more}`} onClick={() => setAll(!all)}>
          {all ? t('alerts.fewer') : t('alerts.more', { count: data.length - 1 })}
        </button>
      )}
    </section>
  );
}
