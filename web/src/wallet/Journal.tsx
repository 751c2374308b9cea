import { Button, Skeleton } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { queries } from '../api/queries';
import type { JournalEntry } from '../api/types';
import { signedTokens } from '../format/amount';
import { dayTime } from '../format/time';
import classes from './wallet.module.css';

/** Every token that came and went, with its reason. */
export function Journal() {
  const { t } = useTranslation();
  const query = useInfiniteQuery(queries.journal());
  const rows = query.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <section className="panel" aria-labelledby="journal-title">
      <h2 id="journal-title">{t('wallet.journal')}</h2>
      {query.isPending && <Skeleton height={180} mt={16} radius={12} />}
      {query.isError && rows.length === 0 && (
        <p role="alert" className={classes.renews}>
          {t('wallet.journal_failed')}{' '}
          <button type="button" className="unset link" onClick={() => void query.refetch()}>
            {t('common.retry')}
          </button>
        </p>
      )}
      {query.isSuccess && rows.length === 0 && <p className={classes.renews}>{t('wallet.journal_empty')}</p>}
      {rows.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <div className={classes.scroll} tabIndex={0} role="group" aria-labelledby="journal-title">
          <table className={classes.journal}>
            <thead>
              <tr>
                <th scope="col">{t('wallet.when')}</th>
                <th scope="col">{t('wallet.what')}</th>
                <th scope="col">{t('wallet.for_what')}</th>
                <th scope="col">{t('wallet.layer')}</th>
                <th scope="col" className={classes.amount}>
                  {t('wallet.amount')}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.seq} row={row} />
              ))}
            </tbody>
          </table>
        </div>
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

function Row({ row }: { row: JournalEntry }) {
  const { t } = useTranslation();
  return (
    <tr data-op={row.op} data-mt={row.amount_mt} data-generation={row.generation_id ?? undefined}>
      <td className={classes.when}>{dayTime(row.at)}</td>
      <td className={classes.what}>{t(`wallet.op_${row.op}`)}</td>
      <td className={classes.reason}>
        {row.generation_id ? (
          <Link to="/g/$id" params={{ id: row.generation_id }} className="link">
            {row.prompt || t('wallet.generation')}
          </Link>
        ) : (
          row.note
        )}
      </td>
      <td className={classes.layer}>{row.layer ? t(`wallet.short_${row.layer}`) : ''}</td>
      <td className={classes.amount} data-sign={row.op === 'capture' ? 'none' : Math.sign(row.amount_mt)}>
        {row.op === 'capture' && row.amount_mt === 0 ? t('wallet.from_hold') : signedTokens(row.amount_mt)}
      </td>
    </tr>
  );
}
