import { useTranslation } from 'react-i18next';
import { bytes } from '../format/amount';
import classes from './admin.module.css';
import type { AdminLoad, AdminModel, Overview } from './api';
import { lasting, since } from './say';

/** What a worker has in memory, and what it would have to load first. */
export function Holds({ models, now }: { models: AdminModel[]; now: string }) {
  const { t } = useTranslation();
  if (models.length === 0) return null;
  return (
    <ul className={classes.holds} aria-label={t('admin.models')}>
      {models.map((m) => (
        <li key={m.engine + m.model} data-testid="held" data-resident={m.resident || undefined}>
          <strong>{m.model}</strong>{' '}
          {[
            t(m.resident ? 'admin.resident' : 'admin.cold'),
            m.memory_bytes > 0 && bytes(m.memory_bytes),
            m.resident && m.used_at && t('admin.used', { time: since(m.used_at, now) }),
          ]
            .filter(Boolean)
            .join(' · ')}
        </li>
      ))}
    </ul>
  );
}

/** Models on their way into memory, and the last ones that got there or not. Not there when there never were any. */
export function Loads({ told }: { told: Overview }) {
  const { t } = useTranslation();
  if (told.loads.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="loads-title">
      <h2 id="loads-title">{t('admin.loads')}</h2>
      <ul className={classes.plain}>
        {told.loads.map((l) => (
          <li key={l.id} data-testid="load" data-state={l.state}>
            <span>
              <strong>
                {l.model}
                {l.machine && ` → ${l.machine}`}
              </strong>
              <small>{about(l)}</small>
            </span>
            <span className={classes.loadState}>
              {!l.ended_at && l.percent !== null && (
                <span className={classes.meter} aria-hidden>
                  <span style={{ width: `${l.percent}%` }} />
                </span>
              )}
              <span className="number">{state(l)}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );

  function state(l: AdminLoad): string {
    const said = t(`admin.load_${l.state}`);
    if (l.ended_at) return l.state === 'done' ? t('admin.ago', { time: since(l.ended_at, told.at) }) : said;
    return l.percent === null ? said : `${l.percent}\u00a0%`;
  }

  function about(l: AdminLoad): string {
    const took = l.started_at && l.ended_at && (Date.parse(l.ended_at) - Date.parse(l.started_at)) / 1000;
    return [
      l.total_bytes > 0 && bytes(l.total_bytes),
      typeof took === 'number' && l.state === 'done' && t('admin.load_took', { time: lasting(took) }),
      !l.ended_at && l.tickets > 0 && t('admin.load_tickets', { count: l.tickets }),
      !l.ended_at && l.ready_at && t('admin.load_ready', { time: lasting(until(l.ready_at)) }),
      l.attempt > 1 && t('admin.load_attempt', { count: l.attempt }),
      l.failure,
    ]
      .filter(Boolean)
      .join(' · ');
  }

  function until(iso: string): number {
    return (Date.parse(iso) - Date.parse(told.at)) / 1000;
  }
}
