import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconRotateClockwise } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { tokens } from '../format/amount';
import { dayTime } from '../format/time';
import classes from './admin.module.css';
import { adminApi, type Work } from './api';
import { Facts } from './Facts';
import { Reason } from './Reason';
import { lasting, ofShort } from './say';
import { useAct } from './useAct';
import { ran } from './WorkPage';

/** Failures that are the installation's own; the server decides. */
const ours = ['engine_error', 'engine_unavailable', 'timeout', 'worker_lost', 'quarantined'];

/** One piece of work, and what can be done about it. */
export function WorkDetail({ w, onDone }: { w: Work; onDone: () => void }) {
  const { t } = useTranslation();
  const open = w.state === 'waiting' || w.state === 'running';
  const cancel = useAct((reason: string) => adminApi.cancel(w.id, reason), onDone, true);
  const retry = useAct(
    (id: string) => adminApi.retry(id),
    () => {
      notifications.show({
        message: t('admin.retried'),
      });
      onDone();
    },
  );
  const took = ran(w, Date.now());
  return (
    <div className={classes.detail}>
      <p className={classes.stateLine}>
        <span className={classes.dot} data-state={w.state} aria-hidden />
        <strong>{t(`admin.state_${w.state}`)}</strong>
        {w.position > 0 && <span className="soft">{t('admin.place', { count: w.position })}</span>}
      </p>
      {w.failure && (
        <p className={classes.failure} data-testid="failure">
          <code>{w.failure.code}</code> {w.failure.message}
        </p>
      )}
      <Facts
        of={[
          [
            t('admin.account'),
            <Link
              key="a"
              className="link"
              to="/admin/{-$tab}"
              params={{ tab: 'accounts' }}
              search={{ account: w.account_id }}
            >
              {w.email}
            </Link>,
          ],
          [t('admin.model'), `${w.model} × ${w.pictures}`],
          [t('admin.lane'), t(`admin.lane_${w.lane}`)],
          [t('admin.asked_at'), dayTime(w.created_at)],
          [t('admin.started_at'), w.started_at ? dayTime(w.started_at) : '–'],
          [t('admin.ended_at'), w.finished_at ? dayTime(w.finished_at) : '–'],
          [t('admin.ran'), took === null ? '–' : lasting(took)],
          [t('admin.tries'), String(w.attempts)],
          [t('admin.worker'), w.worker ? <code key="w">{ofShort(w.worker)}</code> : '–'],
          [t(open ? 'admin.held' : 'admin.charged'), tokens(open ? w.price_mt : w.charged_mt)],
          [t('admin.id'), <code key="i">{w.id}</code>],
        ]}
      />
      {w.failure && w.state === 'failed' && ours.includes(w.failure.code) && (
        <section className={classes.deed}>
          <h3>{t('admin.retry_title')}</h3>
          <p>{t('admin.retry_text')}</p>
          <Button
            leftSection={<IconRotateClockwise size={16} stroke={1.9} aria-hidden />}
            loading={retry.isPending}
            onClick={() => retry.mutate(w.id)}
            data-testid="retry"
          >
            {t('admin.retry')}
          </Button>
        </section>
      )}
      {open && (
        <section className={classes.deed}>
          <h3>{t('admin.cancel_title')}</h3>
          <p>{t('admin.cancel_text')}</p>
          <Reason
            label={t('admin.reason')}
            yes={t('admin.cancel')}
            danger
            busy={cancel.isPending}
            error={cancel.error}
            testid="cancel-work"
            onYes={(reason) => cancel.mutate(reason)}
          />
        </section>
      )}
    </div>
  );
}
