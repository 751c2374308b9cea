import { Button, Skeleton } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Team } from '../api/types';
import { teamQueries } from './api';
import classes from './team.module.css';

/** What was made with the team's tokens, whoever made it. */
export function Pictures({ team }: { team: Team }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(teamQueries.generations(team.id));
  const works = query.data?.pages.flatMap((p) => p.items) ?? [];
  const shown = works.filter((g) => g.images?.length);
  const who = (account?: string) => team.members.find((m) => m.account_id === account)?.email;
  return (
    <section className="panel" aria-labelledby="pictures-title">
      <h2 id="pictures-title">{t('team.pictures')}</h2>
      {query.isPending && <Skeleton height={96} mt={12} radius={12} />}
      {query.isError && works.length === 0 && (
        <p role="alert" className={classes.note}>
          {t('team.pictures_failed')}{' '}
          <button type="button" className="unset link" onClick={() => void query.refetch()}>
            {t('common.retry')}
          </button>
        </p>
      )}
      {query.isSuccess && shown.length === 0 && <p className={classes.note}>{t('team.pictures_none')}</p>}
      {shown.length > 0 && (
        <ul className={classes.pictures}>
          {shown.map((g) => {
            const by = who(g.made_by);
            const label = by ? t('team.picture_by', { prompt: g.prompt, email: by }) : g.prompt;
            return (
              <li key={g.id}>
                <Link to="/g/$id" params={{ id: g.id }} title={label}>
                  <img
                    className={g.images?.[0]?.has_alpha ? 'checker' : undefined}
                    src={g.images?.[0]?.thumb_url}
                    alt={label}
                    loading="lazy"
                  />
                </Link>
              </li>
            );
          })}
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
