import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { moneyApi, moneyQueries } from '../api/money';
import type { Team } from '../api/teamTypes';
import { dayTime } from '../format/time';
import { Paged } from '../shell/Paged';
import { Change } from '../wallet/Change';
import { type Fields, filterOf, inUse, noFields } from '../wallet/filter';
import { JournalFilters } from '../wallet/JournalFilters';
import wallet from '../wallet/wallet.module.css';
import classes from './team.module.css';

/** Every token of the pool that came and went, and who it was for. */
export function TeamJournal({ team }: { team: Team }) {
  const { t } = useTranslation();
  const [fields, setFields] = useState<Fields>(noFields);
  const filter = useMemo(() => filterOf(fields), [fields]);
  const query = useInfiniteQuery(moneyQueries.journal(filter, team.id));
  const rows = query.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <section className="panel" aria-labelledby="pool-journal">
      <div className={wallet.journalHead}>
        <h2 id="pool-journal">{t('team.journal')}</h2>
        <Button
          component="a"
          href={moneyApi.journalFile(filter, team.id)}
          download
          variant="default"
          size="xs"
          leftSection={<IconDownload size={16} stroke={1.8} aria-hidden />}
          data-testid="export"
        >
          {t('wallet.export')}
        </Button>
      </div>
      <JournalFilters fields={fields} onChange={setFields} ofTeam />
      <Paged
        query={query}
        none={rows.length === 0}
        empty={t(inUse(fields) > 0 ? 'wallet.journal_none' : 'wallet.journal_empty')}
        failed={query.error?.message ?? t('wallet.journal_failed')}
        more={t('wallet.more')}
      >
        <ul className={classes.journal} data-testid="pool-lines">
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
