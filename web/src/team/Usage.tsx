import { ActionIcon, Skeleton } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Team } from '../api/teamTypes';
import { tokens } from '../format/amount';
import { useTokens } from '../format/useTokens';
import { Failed } from '../shell/Failed';
import { teamQueries } from './api';
import classes from './team.module.css';
import { addMonths, type Bar, bars, monthOf } from './usage';

const named = (month: string) =>
  new Date(`${month}-01T00:00:00Z`).toLocaleDateString('en', {
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });

/** Who used how much with which model in a month; members see their own. */
export function Usage({ team }: { team: Team }) {
  const { t } = useTranslation();
  const worded = useTokens();
  const current = monthOf(new Date());
  const [month, setMonth] = useState(current);
  const { data, isError, refetch, isPlaceholderData } = useQuery(teamQueries.usage(team.id, month));
  const first = monthOf(new Date(team.created_at));
  return (
    <section className="panel" aria-labelledby="usage-title" data-stale={isPlaceholderData || undefined}>
      <div className={classes.titleRow}>
        <h2 id="usage-title">{t('team.usage')}</h2>
        <div className={classes.months}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={36}
            aria-label={t('team.month_before')}
            disabled={month <= first}
            onClick={() => setMonth(addMonths(month, -1))}
          >
            <IconChevronLeft size={18} aria-hidden />
          </ActionIcon>
          <span aria-live="polite">{named(month)}</span>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={36}
            aria-label={t('team.month_after')}
            disabled={month >= current}
            onClick={() => setMonth(addMonths(month, 1))}
          >
            <IconChevronRight size={18} aria-hidden />
          </ActionIcon>
        </div>
      </div>
      {isError && <Failed text={t('team.usage_failed')} onRetry={() => void refetch()} />}
      {!data && !isError && <Skeleton height={120} mt={12} radius={12} />}
      {data?.items.length === 0 && <p className={classes.note}>{t('team.usage_none')}</p>}
      {data && data.items.length > 0 && (
        <>
          <p className={classes.note}>
            {t('team.usage_sum', { sum: worded(data.used_mt), month: named(month) })}
          </p>
          <div className={classes.charts}>
            <Bars title={t('team.usage_by_member')} list={bars(data.items, (i) => i.email)} />
            <Bars title={t('team.usage_by_model')} list={bars(data.items, (i) => i.model)} plain />
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
          <div className={classes.scroll} tabIndex={0} role="group" aria-labelledby="usage-title">
            <table className={classes.table}>
              <thead>
                <tr>
                  <th scope="col">{t('team.member')}</th>
                  <th scope="col">{t('team.model')}</th>
                  <th scope="col" className={classes.amount}>
                    {t('team.generations')}
                  </th>
                  <th scope="col" className={classes.amount}>
                    {t('team.tokens')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.items.map((i) => (
                  <tr
                    key={`${i.account_id} ${i.model}`}
                    data-testid="usage"
                    data-email={i.email}
                    data-mt={i.used_mt}
                  >
                    <td>
                      {i.email}
                      {!i.here && <small> {t('team.left')}</small>}
                    </td>
                    <td>{i.model}</td>
                    <td className={classes.amount}>{i.generations}</td>
                    <td className={classes.amount}>{tokens(i.used_mt)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}

function Bars({ title, list, plain }: { title: string; list: Bar[]; plain?: boolean }) {
  return (
    <div>
      <h3 className={classes.subtitle}>{title}</h3>
      <ul className={classes.bars}>
        {list.slice(0, 8).map((b) => (
          <li key={b.name}>
            <span className={classes.barName}>{b.name}</span>
            <span className="number">{tokens(b.used_mt)}</span>
            <span className={classes.track} aria-hidden>
              <span
                data-plain={plain || undefined}
                data-gone={!b.here || undefined}
                style={{ width: `${Math.max(1, b.fraction * 100)}%` }}
              />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
