import { Button, Skeleton, TextInput } from '@mantine/core';
import { IconChevronRight, IconUsers } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import { queries } from '../api/queries';
import type { Team } from '../api/teamTypes';
import { shortTokens } from '../format/amount';
import { TokenMark } from '../format/TokenMark';
import { Failed } from '../shell/Failed';
import { usePageTitle } from '../shell/title';
import { teamApi } from './api';
import classes from './team.module.css';
import './words';

/** The teams one is in, and a new one. */
export function TeamsPage() {
  const { t } = useTranslation();
  usePageTitle(t('shell.teams'));
  const { data, isError, refetch } = useQuery(queries.teams());
  return (
    <div className="page">
      <header>
        <h1>{t('team.title')}</h1>
        <p>{t('team.text')}</p>
      </header>
      <section className="panel" aria-label={t('team.title')}>
        {isError && !data && <Failed text={t('team.failed_to_load')} onRetry={() => void refetch()} />}
        {!data && !isError && (
          <div role="status" aria-label={t('team.loading')}>
            <Skeleton height={64} radius={12} />
          </div>
        )}
        {data?.length === 0 && (
          <div className={classes.none}>
            <IconUsers size={26} stroke={1.5} aria-hidden />
            <p>{t('team.none')}</p>
          </div>
        )}
        {data && data.length > 0 && (
          <ul className={classes.teams}>
            {data.map((team) => (
              <Row key={team.id} team={team} />
            ))}
          </ul>
        )}
      </section>
      <NewTeam />
    </div>
  );
}

function Row({ team }: { team: Team }) {
  const { t } = useTranslation();
  return (
    <li>
      <Link to="/teams/$id" params={{ id: team.id }} className={classes.teamLink} data-testid="team">
        <span className={classes.avatar} aria-hidden>
          {Array.from(team.name)[0]?.toUpperCase()}
        </span>
        <span className={classes.teamName}>
          <strong>{team.name}</strong>
          <small>
            {t(`team.role_${team.role}`)} ·{' '}
            {team.dissolved_at
              ? t('team.dissolved')
              : t('team.seats', { taken: team.taken, seats: team.seats })}
          </small>
        </span>
        <span className={classes.pool}>
          <TokenMark size={15} />
          <span className="number">{shortTokens(team.balance.available_mt)}</span>
          <span className={classes.hidden}>{t('team.in_pool')}</span>
        </span>
        <IconChevronRight size={18} stroke={1.7} aria-hidden />
      </Link>
    </li>
  );
}

function NewTeam() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const create = useMutation({
    mutationFn: () => teamApi.create(name.trim()),
    onSuccess: (team) => {
      void client.invalidateQueries({ queryKey: queries.teams().queryKey });
      void navigate({ to: '/teams/$id', params: { id: team.id } });
    },
  });
  const refused =
    create.error instanceof ApiError ? (create.error.field('name') ?? create.error.message) : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (name.trim()) create.mutate();
  };
  return (
    <section className="panel" aria-labelledby="new-team">
      <h2 id="new-team">{t('team.create_title')}</h2>
      <form onSubmit={submit} className={classes.form}>
        <TextInput
          label={t('team.name')}
          placeholder={t('team.name_hint')}
          value={name}
          maxLength={80}
          onChange={(e) => setName(e.currentTarget.value)}
          error={refused}
        />
        <Button type="submit" loading={create.isPending} disabled={!name.trim()}>
          {t('team.create')}
        </Button>
      </form>
    </section>
  );
}
