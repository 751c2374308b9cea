import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { tokens } from '../format/amount';
import { clock, day } from '../format/time';
import { Paged } from '../shell/Paged';
import classes from './admin.module.css';
import { type AuditLine, adminQueries } from './api';
import { lasting, ofShort } from './say';

/** What operators did, newest first. It cannot be changed. */
export function AuditLog() {
  const { t } = useTranslation();
  const query = useInfiniteQuery(adminQueries.audit());
  const rows = query.data?.pages.flatMap((p) => p.items) ?? [];
  const days = byDay(rows);
  return (
    <section className="panel" aria-labelledby="audit-title">
      <h2 id="audit-title">{t('admin.tab_audit')}</h2>
      <p className="aside">{t('admin.audit_text')}</p>
      <Paged
        query={query}
        none={rows.length === 0}
        empty={t('admin.audit_none')}
        failed={query.error?.message ?? t('admin.failed_to_load')}
        more={t('admin.more')}
      >
        {days.map(([name, lines]) => (
          <section key={name} className={classes.day} aria-label={name}>
            <h3>{name}</h3>
            <ul className={classes.log}>
              {lines.map((l) => (
                <Deed key={l.id} line={l} />
              ))}
            </ul>
          </section>
        ))}
      </Paged>
    </section>
  );
}

/** Lines under the days they were written on, in their order. */
function byDay(lines: AuditLine[]): [string, AuditLine[]][] {
  const days: [string, AuditLine[]][] = [];
  for (const l of lines) {
    const name = day(l.at);
    const last = days.at(-1);
    if (last?.[0] === name) last[1].push(l);
    else days.push([name, [l]]);
  }
  return days;
}

const actions = [
  'lane.pause',
  'lane.resume',
  'worker.drain',
  'worker.resume',
  'worker_token.create',
  'worker_token.revoke',
  'account.create',
  'account.rate',
  'account.stop',
  'account.resume',
  'work.cancel',
  'work.retry',
  'tokens.grant',
  'code.create',
  'key.create',
  'plan.set',
  'plan.try',
  'plan.start',
  'plan.pay',
  'plan.upgrade',
  'plan.downgrade',
  'plan.cancel',
  'plan.resume',
  'plan.end',
  'team.create',
  'team.add',
  'team.grant',
  'team.plan.set',
  'team.plan.start',
  'team.plan.pay',
  'team.plan.seats',
  'team.plan.upgrade',
  'team.plan.downgrade',
  'team.plan.cancel',
  'team.plan.resume',
  'team.plan.end',
  'pricing.set',
  'payments.refund',
  'payments.replay',
  'payments.reconcile',
] as const;

/** One line: who did what to whom, and why. */
export function Deed({ line, own }: { line: AuditLine; own?: boolean }) {
  const { t } = useTranslation();
  const action = actions.find((a) => a === line.action);
  const words = action ? t(`admin.did_${action.replaceAll('.', '_') as 'lane_pause'}`) : line.action;
  const more = useDetails(line);
  return (
    <li data-testid="audit" data-action={line.action}>
      <time dateTime={line.at}>{own ? day(line.at) : clock(line.at, Date.parse(line.at))}</time>
      <div>
        <p>
          <strong>{words}</strong> {more && `${more} · `}
          {line.account_id && line.email ? (
            own ? null : (
              <Link
                className="link"
                to="/admin/{-$tab}"
                params={{ tab: 'accounts' }}
                search={{ account: line.account_id }}
              >
                {line.email}
              </Link>
            )
          ) : (
            <code title={line.subject}>
              {/^[0-9a-f-]{36}$/.test(line.subject) ? ofShort(line.subject) : line.subject}
            </code>
          )}
        </p>
        {line.reason && <p className={classes.why}>{line.reason}</p>}
        <small>{line.by ?? t('admin.the_shell')}</small>
      </div>
    </li>
  );
}

/** What the line says beside its action. */
function useDetails({ details: d }: AuditLine): string {
  const { t } = useTranslation();
  const span = Number(d.lasts_seconds ?? 0) > 0 ? ` · ${lasting(Number(d.lasts_seconds))}` : '';
  if (typeof d.times === 'number') return `× ${d.times}${span}`;
  if (typeof d.amount_mt === 'number')
    return `${tokens(d.amount_mt)} ${t(d.unit === 'credits' ? 'admin.unit_credits' : 'admin.unit_tokens')}${span}`;
  const seats = typeof d.seats === 'number' ? t('admin.seats', { count: d.seats }) : '';
  return [d.plan, d.team, d.name, d.role, d.money, seats]
    .filter((v) => typeof v === 'string' && v !== '')
    .join(' · ');
}
