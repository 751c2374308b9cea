import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Team } from '../api/types';
import { dayTime } from '../format/time';
import { Paged } from '../shell/Paged';
import { Change } from '../wallet/Change';
import { teamQueries } from './api';
import classes from './team.module.css';

/** Every token of the pool that came and went, and who it was for. */
export function TeamJournal({ team }: { team: Team }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(teamQueries.journal(team.id));
  const rows = query.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <section className="panel" aria-labelledby="pool-journal">
      <h2 id="pool-journal">{t('team.journal')}</h2>
      <Paged
        query={query}
        none={rows.length === 0}
        empty={t('wallet.journal_empty')}
        failed={t('wallet.journal_failed')}
        more={t('wallet.more')}
      >
        <ul className={classes.journal}>
          {rows.map((row) => (
            <li key={row.seq} data-op={row.op}>
              <span>
                <strong>{t(`wallet.op_${row.op}`)}</strong> {row.member ?? row.note}
                <small>
                  {dayTime(row.at)}
                  {row.member && row.prompt ? ` · ${row.prompt}` : ''}
                </small>
              </span>
              <span className="number">
                <Change row={row} />
              </span>
            </li>
          ))}
        </ul>
      </Paged>
    </section>
  );
}
