import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { moneyApi, moneyQueries } from '../api/money';
import type { JournalEntry } from '../api/moneyTypes';
import { dayTime } from '../format/time';
import { Paged } from '../shell/Paged';
import { Change } from './Change';
import { type Fields, filterOf, inUse, noFields } from './filter';
import { JournalFilters } from './JournalFilters';
import classes from './wallet.module.css';

/** Every token that came and went, with its reason. */
export function Journal() {
  const { t } = useTranslation();
  const [fields, setFields] = useState<Fields>(noFields);
  const filter = useMemo(() => filterOf(fields), [fields]);
  const query = useInfiniteQuery(moneyQueries.journal(filter));
  const rows = query.data?.pages.flatMap((p) => p.items) ?? [];
  const end = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;

  // The next page comes before its place is reached; the button is for the keyboard, and for when that failed.
  useEffect(() => {
    const mark = end.current;
    if (!mark || !hasNextPage || isFetching || isError) return;
    const watch = new IntersectionObserver(
      ([seen]) => {
        if (seen?.isIntersecting) void fetchNextPage();
      },
      { rootMargin: '400px' },
    );
    watch.observe(mark);
    return () => watch.disconnect();
  }, [hasNextPage, isFetching, isError, fetchNextPage]);

  const filtered = inUse(fields) > 0;
  return (
    <section className="panel" aria-labelledby="journal-title">
      <div className={classes.journalHead}>
        <h2 id="journal-title">{t('wallet.journal')}</h2>
        <Button
          component="a"
          href={moneyApi.journalFile(filter)}
          download
          variant="default"
          size="xs"
          leftSection={<IconDownload size={16} stroke={1.8} aria-hidden />}
          data-testid="export"
        >
          {t('wallet.export')}
        </Button>
      </div>
      <JournalFilters fields={fields} onChange={setFields} />
      <Paged
        query={query}
        none={rows.length === 0}
        empty={
          filtered ? (
            <>
              {t('wallet.journal_none')}{' '}
              <button
                type="button"
                className="unset link"
                onClick={() => setFields({ ...noFields, of: fields.of })}
              >
                {t('wallet.filter_clear')}
              </button>
            </>
          ) : (
            t('wallet.journal_empty')
          )
        }
        failed={query.error?.message ?? t('wallet.journal_failed')}
        more={t('wallet.more')}
      >
        <div
          className={classes.scroll}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
          tabIndex={0}
          role="group"
          aria-labelledby="journal-title"
          aria-busy={query.isPlaceholderData}
          data-old={query.isPlaceholderData || undefined}
        >
          <table className={classes.journal} data-testid="journal">
            <thead>
              <tr>
                <th scope="col">{t('wallet.when')}</th>
                <th scope="col">{t('wallet.what')}</th>
                <th scope="col">{t('wallet.for_what')}</th>
                <th scope="col">{t('wallet.layer')}</th>
                <th scope="col" className={classes.amount}>
                  {t(fields.of === 'credits' ? 'wallet.amount_credits' : 'wallet.amount')}
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
      </Paged>
      <div ref={end} />
    </section>
  );
}

function Row({ row }: { row: JournalEntry }) {
  const { t } = useTranslation();
  return (
    <tr
      data-seq={row.seq}
      data-op={row.op}
      data-mt={row.amount_mt}
      data-generation={row.generation_id ?? undefined}
    >
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
      <td className={classes.amount} data-sign={row.amount_mt === 0 ? 'none' : Math.sign(row.amount_mt)}>
        <Change row={row} />
      </td>
    </tr>
  );
}
