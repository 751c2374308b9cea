import { NumberInput, Skeleton } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { moneyQueries } from '../api/money';
import type { PlanWish, Subscription } from '../api/moneyTypes';
import { useSession } from '../api/queries';
import type { Team } from '../api/teamTypes';
import { Payments } from '../invoices/InvoicesPage';
import { AutoTopUp } from '../packs/AutoTopUp';
import { Offers } from '../packs/PacksPage';
import { PlanDialog } from '../plans/PlanDialog';
import { PlanCard } from '../plans/PlansPage';
import plans from '../plans/plans.module.css';
import { Standing } from '../plans/Standing';
import { Failed } from '../shell/Failed';
import { usePageTitle } from '../shell/title';
import { NoCheckout } from '../wallet/NoCheckout';
import { teamQueries } from './api';
import classes from './team.module.css';
import './words';

/** What a team is on, what it could be on, and what it paid: for those who look after its money. */
export function TeamPlanPage() {
  const { t } = useTranslation();
  const { id } = useParams({ from: '/studio/teams/$id/plan' });
  const { data: session } = useSession();
  const checkout = session?.payments.checkout ?? false;
  const team = useQuery({ ...teamQueries.one(id), retry: false });
  usePageTitle(t('team.plan_title'));
  const may = team.data?.may.includes('manage_plan') ?? false;
  return (
    <div className="page">
      <p className={classes.back}>
        <Link to="/teams/$id" params={{ id }} className="link">
          <IconArrowLeft size={16} stroke={1.9} aria-hidden /> {team.data?.name ?? t('team.back')}
        </Link>
      </p>
      <header>
        <h1>{t('team.plan_title')}</h1>
        <p>{t('team.plan_text')}</p>
      </header>
      {team.isError && (
        <div className="panel">
          <Failed text={t('team.failed_to_load')} onRetry={() => void team.refetch()} />
        </div>
      )}
      {team.isPending && <Skeleton height={320} radius={16} />}
      {team.data && !may && <p className="panel">{t('team.plan_not_yours')}</p>}
      {team.data && may && (
        <>
          {session && !checkout && <NoCheckout what="team" />}
          <Plans team={team.data} checkout={checkout} />
          <Packs team={team.data.id} checkout={checkout} />
          <Payments team={team.data.id} checkout={checkout} />
        </>
      )}
    </div>
  );
}

function Plans({ team, checkout }: { team: Team; checkout: boolean }) {
  const { t } = useTranslation();
  const [wish, setWish] = useState<PlanWish | null>(null);
  const offers = useQuery(moneyQueries.plans('tokens', team.id));
  const standing = useQuery(moneyQueries.subscription('tokens', team.id));
  if (offers.isError || standing.isError)
    return (
      <div className="panel">
        <Failed
          text={t('plans.failed_to_load')}
          onRetry={() => {
            void offers.refetch();
            void standing.refetch();
          }}
        />
      </div>
    );
  if (!offers.data || !standing.data) return <Skeleton height={380} radius={16} />;
  const least = Math.min(...offers.data.filter((p) => p.month_micros > 0).map((p) => p.min_seats));
  return (
    <>
      <Standing subscription={standing.data} onWish={setWish} />
      <Seats
        key={standing.data.version}
        team={team}
        mine={standing.data}
        least={Number.isFinite(least) ? least : 1}
      >
        {(seats) => (
          <ul className={plans.plans}>
            {offers.data
              .filter((p) => p.month_micros > 0)
              .map((p) => (
                <PlanCard
                  key={p.name}
                  plan={p}
                  cycle="month"
                  mine={standing.data}
                  checkout={checkout}
                  trialDays={0}
                  seats={seats}
                  onWish={setWish}
                />
              ))}
          </ul>
        )}
      </Seats>
      <PlanDialog wish={wish} checkout={checkout} team={team.id} onClose={() => setWish(null)} />
    </>
  );
}

interface SeatsProps {
  team: Team;
  mine: Subscription;
  least: number;
  children: (seats: number) => ReactNode;
}

/** How many seats the plans below are shown for. */
function Seats({ team, mine, least, children }: SeatsProps) {
  const { t } = useTranslation();
  const [seats, setSeats] = useState<number | string>(Math.max(least, mine.seats));
  const count = Number(seats);
  const good = Number.isInteger(count) && count >= least && count <= 1000;
  const shown = good ? count : Math.max(least, mine.seats);
  return (
    <>
      <section className={`panel ${classes.seats}`} aria-labelledby="seats-title">
        <div>
          <h2 id="seats-title">{t('team.seats_title')}</h2>
          <p className={classes.note}>{t('team.seats_text', { count: team.taken })}</p>
        </div>
        <NumberInput
          label={t('team.seats_wanted')}
          value={seats}
          onChange={setSeats}
          min={1}
          max={1000}
          allowDecimal={false}
          clampBehavior="none"
          error={good ? undefined : t('team.seats_bounds', { least })}
          data-testid="seats"
        />
      </section>
      {children(shown)}
    </>
  );
}

function Packs({ team, checkout }: { team: string; checkout: boolean }) {
  const { t } = useTranslation();
  const { data, isError, refetch } = useQuery(moneyQueries.packs('tokens'));
  return (
    <>
      <h2 className={classes.section}>{t('team.packs_title')}</h2>
      <p className={classes.note}>{t('team.packs_text')}</p>
      {isError && !data && (
        <div className="panel">
          <Failed text={t('packs.failed_to_load')} onRetry={() => void refetch()} />
        </div>
      )}
      {data && <Offers of="tokens" list={data} checkout={checkout} team={team} />}
      {data && checkout && <AutoTopUp of="tokens" list={data} team={team} />}
    </>
  );
}
