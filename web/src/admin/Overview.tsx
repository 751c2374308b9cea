import { Button, Skeleton, Tooltip } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Ask } from '../shell/Ask';
import { Failed } from '../shell/Failed';
import classes from './admin.module.css';
import {
  type AdminLane,
  type AdminWorker,
  adminApi,
  adminQueries,
  type LaneName,
  type Overview as Told,
} from './api';
import { Holds, Loads } from './Models';
import { ofShort, percent, since } from './say';
import { useAct } from './useAct';

/** The line, the workers and how things go, every two seconds. */
export function Overview() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(adminQueries.overview());
  if (!data)
    return error ? (
      <div className="panel">
        <Failed text={error.message} onRetry={() => void refetch()} />
      </div>
    ) : (
      <div role="status" aria-label={t('admin.loading')}>
        <Skeleton height={96} radius={16} mb={18} />
        <Skeleton height={240} radius={16} />
      </div>
    );
  return (
    <>
      {error && (
        <p className={classes.stale} role="alert">
          {t('admin.stale')}
        </p>
      )}
      <Figures told={data} />
      <Lanes told={data} />
      <Workers told={data} />
      <Loads told={data} />
      <div className={classes.pair}>
        <Outcomes told={data} />
        <Paces told={data} />
      </div>
    </>
  );
}

const sum = (list: AdminLane[], of: (l: AdminLane) => number) => list.reduce((n, l) => n + of(l), 0);

function Figures({ told }: { told: Told }) {
  const { t } = useTranslation();
  const slots = told.workers.filter((w) => !w.gone && !w.drained).reduce((n, w) => n + w.slots, 0);
  const oldest = told.lanes
    .map((l) => l.oldest_at)
    .filter((at) => at !== null)
    .sort()[0];
  const failed = told.outcomes.filter((o) => o.state === 'failed').reduce((n, o) => n + o.count, 0);
  const all = told.outcomes.reduce((n, o) => n + o.count, 0);
  return (
    <dl className={classes.figures}>
      <Figure name={t('admin.running')} note={t('admin.of_slots', { count: slots })} bad={slots === 0}>
        {sum(told.lanes, (l) => l.running)}
      </Figure>
      <Figure name={t('admin.waiting')} note={t('admin.kept', { count: sum(told.lanes, (l) => l.kept) })}>
        {sum(told.lanes, (l) => l.admitted + l.waiting)}
      </Figure>
      <Figure name={t('admin.oldest')} note={t('admin.oldest_note')}>
        {oldest ? since(oldest, told.at) : '–'}
      </Figure>
      <Figure
        name={t('admin.failed_hour')}
        note={t('admin.of_asked', { count: all })}
        bad={failed > 0 && failed * 10 >= all}
      >
        {failed}
      </Figure>
      <Figure
        name={t('admin.foretold')}
        note={
          told.waits.foretold > 0
            ? t('admin.foretold_note', { count: told.waits.foretold })
            : t('admin.foretold_none')
        }
      >
        {told.waits.foretold > 0 ? percent(told.waits.inside) : '–'}
      </Figure>
    </dl>
  );
}

function Figure({
  name,
  note,
  bad,
  children,
}: {
  name: string;
  note: string;
  bad?: boolean;
  children: ReactNode;
}) {
  return (
    <div className={classes.figure} data-bad={bad || undefined}>
      <dt>{name}</dt>
      <dd>
        <strong className="number">{children}</strong>
        <small>{note}</small>
      </dd>
    </div>
  );
}

function Lanes({ told }: { told: Told }) {
  const { t } = useTranslation();
  const set = useAct((l: { lane: LaneName; paused: boolean }) => adminApi.setLane(l.lane, l.paused));
  return (
    <section className="panel" aria-labelledby="lanes-title">
      <h2 id="lanes-title">{t('admin.lanes')}</h2>
      <ul className={classes.rows}>
        {told.lanes.map((l) => (
          <li key={l.lane} data-testid="lane" data-lane={l.lane} data-off={l.paused || undefined}>
            <div className={classes.rowName}>
              <strong>{t(`admin.lane_${l.lane}`)}</strong>
              <small>{l.paused ? t('admin.lane_paused') : t(`admin.lane_${l.lane}_text`)}</small>
            </div>
            <Numbers
              of={[
                [t('admin.running'), l.running],
                [t('admin.next'), l.admitted],
                [t('admin.behind'), l.waiting],
                [t('admin.oldest'), l.oldest_at ? since(l.oldest_at, told.at) : '–'],
                [t('admin.done_ten'), l.done],
              ]}
            />
            <Toggle
              off={l.paused}
              pause={t('admin.pause')}
              busy={set.isPending && set.variables?.lane === l.lane}
              label={t(l.paused ? 'admin.resume_named' : 'admin.pause_named', {
                name: t(`admin.lane_${l.lane}`),
              })}
              onClick={() => set.mutate({ lane: l.lane, paused: !l.paused })}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Numbers({ of }: { of: [string, string | number][] }) {
  return (
    <dl className={classes.numbers}>
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="number">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface ToggleProps {
  off: boolean;
  pause: string;
  label: string;
  busy: boolean;
  onClick: () => void;
}

function Toggle({ off, pause, label, busy, onClick }: ToggleProps) {
  const { t } = useTranslation();
  const Icon = off ? IconPlayerPlay : IconPlayerPause;
  return (
    <Button
      size="sm"
      className={classes.toggle}
      variant={off ? 'filled' : 'default'}
      leftSection={<Icon size={15} stroke={1.9} aria-hidden />}
      loading={busy}
      aria-label={label}
      onClick={onClick}
    >
      {off ? t('admin.resume') : pause}
    </Button>
  );
}

function Workers({ told }: { told: Told }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<AdminWorker | null>(null);
  const set = useAct((w: { id: string; drained: boolean }) => adminApi.setWorker(w.id, w.drained));
  const working = told.workers.filter((w) => !w.gone && !w.drained);
  const wanted = (w: AdminWorker) =>
    !w.drained && working.length === 1 && working[0]?.id === w.id
      ? setAsking(w)
      : set.mutate({ id: w.id, drained: !w.drained });
  return (
    <section className="panel" aria-labelledby="workers-title">
      <h2 id="workers-title">{t('admin.workers')}</h2>
      {told.workers.length === 0 && <p className="aside">{t('admin.no_workers')}</p>}
      <ul className={classes.rows}>
        {told.workers.map((w) => (
          <li key={w.id} data-testid="worker" data-off={w.drained || w.gone || undefined}>
            <div className={classes.rowName}>
              <strong>
                <Tooltip label={w.id}>
                  {w.name ? <span>{w.name}</span> : <code>{ofShort(w.id)}</code>}
                </Tooltip>{' '}
                {w.here && <em>{t('admin.this_server')}</em>}
              </strong>
              <small>
                {w.gone
                  ? t('admin.worker_gone')
                  : w.drained
                    ? t('admin.worker_drained', { count: w.running })
                    : [t(`admin.kind_${w.kind}`), w.version, w.engines.join(', ')]
                        .filter(Boolean)
                        .join(' · ')}
              </small>
              {!w.gone && <Holds models={w.models} now={told.at} />}
            </div>
            <div className={classes.load}>
              <span className={classes.meter} aria-hidden>
                <span style={{ width: `${w.slots > 0 ? Math.min(100, (100 * w.running) / w.slots) : 0}%` }} />
              </span>
              <small className="number">
                {t('admin.slots_used', { running: w.running, count: w.slots })}
              </small>
            </div>
            <Numbers of={[[t('admin.heard'), t('admin.ago', { time: since(w.seen_at, told.at) })]]} />
            {w.gone ? (
              <span />
            ) : (
              <Toggle
                off={w.drained}
                pause={t('admin.drain')}
                busy={set.isPending && set.variables?.id === w.id}
                label={t(w.drained ? 'admin.resume_named' : 'admin.drain_named', {
                  name: w.name || ofShort(w.id),
                })}
                onClick={() => wanted(w)}
              />
            )}
          </li>
        ))}
      </ul>
      {asking && (
        <Ask
          opened
          title={t('admin.drain_last')}
          text={t('admin.drain_last_text')}
          yes={t('admin.drain')}
          testid="drain-yes"
          onNo={() => setAsking(null)}
          onYes={() => {
            set.mutate({ id: asking.id, drained: true });
            setAsking(null);
          }}
        />
      )}
    </section>
  );
}

function Outcomes({ told }: { told: Told }) {
  const { t } = useTranslation();
  const most = Math.max(1, ...told.outcomes.map((o) => o.count));
  return (
    <section className="panel" aria-labelledby="outcomes-title">
      <h2 id="outcomes-title">{t('admin.outcomes')}</h2>
      {told.outcomes.length === 0 && <p className="aside">{t('admin.outcomes_none')}</p>}
      <ul className={classes.bars}>
        {told.outcomes.map((o) => (
          <li key={o.state + o.code} data-state={o.state}>
            <Link
              to="/admin/{-$tab}"
              params={{ tab: 'work' }}
              search={{ state: o.state, code: o.code || undefined }}
              className="link"
            >
              {t(`admin.state_${o.state}`)}
              {o.code && ` · ${o.code}`}
            </Link>
            <span className={classes.bar} aria-hidden>
              <span style={{ width: `${(100 * o.count) / most}%` }} />
            </span>
            <span className="number">{o.count}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Paces({ told }: { told: Told }) {
  const { t } = useTranslation();
  return (
    <section className="panel" aria-labelledby="paces-title">
      <h2 id="paces-title">{t('admin.paces')}</h2>
      {told.paces.length === 0 && <p className="aside">{t('admin.paces_none')}</p>}
      <ul className={classes.plain}>
        {told.paces.map((p) => (
          <li key={p.engine + p.model}>
            <span>
              <strong>{p.model}</strong>
              <small>{t('admin.pace_runs', { count: p.runs })}</small>
            </span>
            <span className="number">
              {t('admin.pace', { seconds: Number(p.seconds_per_token.toPrecision(2)) })}
            </span>
          </li>
        ))}
      </ul>
      {told.waits.foretold > 0 && (
        <p className="aside">{t('admin.wait_error', { seconds: told.waits.error_seconds.toFixed(1) })}</p>
      )}
    </section>
  );
}
