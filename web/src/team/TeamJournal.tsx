import { Button, Skeleton } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Team } from '../api/types';
import { signedTokens } from '../format/amount';
import { dayTime } from '../format/time';
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
      {query.isPending && <Skeleton height={120} mt={12} radius={12} />}
      {query.isError && rows.length === 0 && (
        <p role="alert" className={classes.note}>
          {t('wallet.journal_failed')}{' '}
          <button type="button" className="unset link" onClick={() => void query.refetch()}>
            {t('common.retry')}
          </button>
        </p>
      )}
      {query.isSuccess && rows.length === 0 && <p className={classes.note}>{t('wallet.journal_empty')}</p>}
      {rows.length > 0 && (
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
                {row.op === 'capture' && row.amount_mt === 0
                  ? t('wallet.from_hold')
                  : signedTokens(row.amount_mt)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {query.hasNextPage && (
        <Button
          variant="default"
          mt="md"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {t('wallet.more')}
        </Button>
      )}
    </section>
  );
}
