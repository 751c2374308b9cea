import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Team } from '../api/teamTypes';
import { Paged } from '../shell/Paged';
import { teamQueries } from './api';
import classes from './team.module.css';

/** What was made with the team's tokens, whoever made it. */
export function Pictures({ team }: { team: Team }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(teamQueries.generations(team.id));
  const shown = (query.data?.pages.flatMap((p) => p.items) ?? []).filter((g) => g.images?.length);
  const who = (account?: string) => team.members.find((m) => m.account_id === account)?.email;
  return (
    <section className="panel" aria-labelledby="pictures-title">
      <h2 id="pictures-title">{t('team.pictures')}</h2>
      <Paged
        query={query}
        none={shown.length === 0}
        empty={t('team.pictures_none')}
        failed={t('team.pictures_failed')}
        more={t('team.pictures_more')}
      >
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
      </Paged>
    </section>
  );
}
