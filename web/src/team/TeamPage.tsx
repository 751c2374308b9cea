import { Button, Modal, Skeleton, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowLeft, IconCreditCard, IconPencil } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import { queries } from '../api/queries';
import type { Team } from '../api/teamTypes';
import { setPayer, usePayerId } from '../create/store';
import { day } from '../format/time';
import { useTokens } from '../format/useTokens';
import { Failed } from '../shell/Failed';
import { usePageTitle } from '../shell/title';
import { BalancePanel } from '../wallet/BalancePanel';
import { teamApi, teamQueries } from './api';
import { Ending } from './Ending';
import { Invitations } from './Invitations';
import { Members } from './Members';
import { Pictures } from './Pictures';
import { TeamJournal } from './TeamJournal';
import classes from './team.module.css';
import { Usage } from './Usage';
import './words';

/** One team: its pool, its people, what they used. Each part is there for those who may see it. */
export function TeamPage() {
  const { t } = useTranslation();
  const { id } = useParams({ from: '/studio/teams/$id' });
  const {
    data: team,
    error,
    refetch,
  } = useQuery({
    ...teamQueries.one(id),
    retry: (n, e) => n < 2 && !(e instanceof ApiError && e.status === 404),
  });
  usePageTitle(team?.name ?? t('team.title'));
  const gone = error instanceof ApiError && error.status === 404;
  return (
    <div className="page">
      <p className={classes.back}>
        <Link to="/teams" className="link">
          <IconArrowLeft size={16} stroke={1.9} aria-hidden /> {t('team.back')}
        </Link>
      </p>
      {team && !gone ? (
        <Whole team={team} />
      ) : gone ? (
        <header>
          <h1>{t('team.missing')}</h1>
          <p>{t('team.missing_text')}</p>
        </header>
      ) : error ? (
        <div className="panel">
          <Failed text={t('team.failed_to_load')} onRetry={() => void refetch()} />
        </div>
      ) : (
        <div role="status" aria-label={t('team.loading')}>
          <Skeleton height={40} width={220} radius={10} mb={20} />
          <Skeleton height={260} radius={16} />
        </div>
      )}
    </div>
  );
}

function Whole({ team }: { team: Team }) {
  const { t } = useTranslation();
  const may = (action: Team['may'][number]) => team.may.includes(action);
  return (
    <>
      <Head team={team} />
      {team.dissolved_at && (
        <p className={classes.banner} role="status">
          {t('team.dissolved_text', { day: day(team.dissolved_at) })}
        </p>
      )}
      <div className={classes.columns}>
        <BalancePanel balance={team.balance} forecast={null} title={t('team.pool')} />
        <Standing team={team} />
      </div>
      <Members team={team} />
      {may('invite') && <Invitations team={team} />}
      <Usage team={team} />
      {may('see_work') && <Pictures team={team} />}
      {may('see_journal') && <TeamJournal team={team} />}
      <Ending team={team} />
    </>
  );
}

function Head({ team }: { team: Team }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const [name, setName] = useState(team.name);
  const rename = useMutation({
    mutationFn: () => teamApi.rename(team.id, name.trim()),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: queries.teams().queryKey });
      close();
    },
  });
  const refused =
    rename.error instanceof ApiError ? (rename.error.field('name') ?? rename.error.message) : undefined;
  return (
    <header className={classes.head}>
      <div>
        <h1>{team.name}</h1>
        <p>
          {t(`team.role_${team.role}`)} · {t('team.plan', { plan: team.plan.title })} ·{' '}
          {t('team.seats', { taken: team.taken, seats: team.seats })}
        </p>
      </div>
      <div className={classes.headActs}>
        {team.may.includes('manage_plan') && (
          <Button
            renderRoot={(props) => <Link {...props} to="/teams/$id/plan" params={{ id: team.id }} />}
            variant="default"
            leftSection={<IconCreditCard size={16} stroke={1.8} aria-hidden />}
            data-testid="to-plan"
          >
            {t('team.to_plan')}
          </Button>
        )}
        {team.may.includes('rename') && (
          <Button
            variant="default"
            leftSection={<IconPencil size={16} stroke={1.8} aria-hidden />}
            onClick={() => {
              setName(team.name);
              open();
            }}
          >
            {t('team.rename')}
          </Button>
        )}
      </div>
      <Modal opened={opened} onClose={close} title={t('team.rename_title')} radius="lg" centered>
        <form
          onSubmit={(e: FormEvent) => {
            e.preventDefault();
            if (name.trim()) rename.mutate();
          }}
        >
          <TextInput
            label={t('team.name')}
            value={name}
            maxLength={80}
            data-autofocus
            onChange={(e) => setName(e.currentTarget.value)}
            error={refused}
          />
          <div className={classes.confirm}>
            <Button variant="default" onClick={close}>
              {t('team.cancel')}
            </Button>
            <Button type="submit" loading={rename.isPending} disabled={!name.trim()}>
              {t('team.save')}
            </Button>
          </div>
        </form>
      </Modal>
    </header>
  );
}

/** What oneself may use, and whether this team pays now. */
function Standing({ team }: { team: Team }) {
  const { t } = useTranslation();
  const worded = useTokens();
  const payer = usePayerId();
  const pays = payer === team.id;
  const spends = team.may.includes('spend');
  const share = team.limit_mt ? Math.min(1, team.used_mt / team.limit_mt) : 0;
  return (
    <section className="panel" aria-labelledby="standing-title">
      <h2 id="standing-title">{t('team.share')}</h2>
      <p className={classes.note}>
        {team.limit_mt === null
          ? t('team.my_use', { used: worded(team.used_mt) })
          : t('team.my_limit', { used: worded(team.used_mt), limit: worded(team.limit_mt) })}
      </p>
      {team.limit_mt !== null && (
        <div className={classes.meter} aria-hidden>
          <span style={{ width: `${share * 100}%` }} />
        </div>
      )}
      {spends && (
        <>
          <Button
            mt="md"
            variant={pays ? 'default' : 'filled'}
            onClick={() => setPayer(pays ? '' : team.id)}
            data-testid="use-team"
            aria-pressed={pays}
          >
            {t(pays ? 'team.stop_using' : 'team.use')}
          </Button>
          <p className={classes.note}>{t('team.seen_by_team')}</p>
        </>
      )}
    </section>
  );
}
