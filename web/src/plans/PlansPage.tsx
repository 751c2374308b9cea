import '../wallet/words';
import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { moneyQueries } from '../api/money';
import type { PlanOffer, PlanWish, Subscription, Unit } from '../api/moneyTypes';
import { useSession } from '../api/queries';
import { money } from '../format/money';
import { useTokens } from '../format/useTokens';
import { Failed } from '../shell/Failed';
import { usePageTitle } from '../shell/title';
import { NoCheckout } from '../wallet/NoCheckout';
import { SubNav } from '../wallet/SubNav';
import { PlanDialog } from './PlanDialog';
import classes from './plans.module.css';
import { Standing } from './Standing';

export type PaidCycle = 'month' | 'year';

/** Plans side by side, and how one stands with one's own. */
export function PlansPage() {
  const { t } = useTranslation();
  usePageTitle(t('plans.title'));
  const { data: session } = useSession();
  const [of, setOf] = useState<Unit>('tokens');
  const [chosen, setCycle] = useState<PaidCycle | null>(null);
  const [wish, setWish] = useState<PlanWish | null>(null);
  const plans = useQuery(moneyQueries.plans(of));
  const subscription = useQuery(moneyQueries.subscription(of));
  const mine = subscription.data;
  const cycle = chosen ?? (mine?.cycle || 'month');
  const checkout = session?.payments.checkout ?? false;
  const failed = plans.isError || subscription.isError;
  return (
    <div className="page">
      <header>
        <h1>{t('plans.title')}</h1>
        <p>{t('plans.text')}</p>
      </header>
      <SubNav />
      {session && !checkout && <NoCheckout what="plans" />}
      <div className={classes.choice}>
        <SegmentedControl
          aria-label={t('plans.of')}
          value={of}
          onChange={(v) => setOf(v as Unit)}
          data={[
            { value: 'tokens', label: t('plans.of_tokens') },
            { value: 'credits', label: t('plans.of_credits') },
          ]}
        />
        <SegmentedControl
          aria-label={t('plans.cycle')}
          value={cycle}
          onChange={(v) => setCycle(v as PaidCycle)}
          data={[
            { value: 'month', label: t('plans.cycle_month') },
            { value: 'year', label: t('plans.cycle_year') },
          ]}
        />
      </div>
      {failed && (
        <div className="panel">
          <Failed
            text={t('plans.failed_to_load')}
            onRetry={() => {
              void plans.refetch();
              void subscription.refetch();
            }}
          />
        </div>
      )}
      {!failed && (!plans.data || !mine) && <Skeleton height={380} radius={16} />}
      {plans.data && mine && (
        <>
          <Standing subscription={mine} onWish={setWish} />
          <ul className={classes.plans}>
            {plans.data.map((p) => (
              <PlanCard
                key={p.name}
                plan={p}
                cycle={cycle}
                mine={mine}
                checkout={checkout}
                trialDays={session?.payments.trial_days ?? 0}
                onWish={setWish}
              />
            ))}
          </ul>
        </>
      )}
      <PlanDialog wish={wish} checkout={checkout} onClose={() => setWish(null)} />
    </div>
  );
}

interface CardProps {
  plan: PlanOffer;
  cycle: PaidCycle;
  mine: Subscription;
  checkout: boolean;
  trialDays: number;
  /** For a team: how many are wished for. */
  seats?: number;
  onWish: (wish: PlanWish) => void;
}

export function PlanCard({ plan, cycle, mine, checkout, trialDays, seats, onWish }: CardProps) {
  const { t } = useTranslation();
  const price = (cycle === 'year' ? plan.year_micros : plan.month_micros) * (seats ?? 1);
  const sold = price > 0;
  const sameCycle = !mine.cycle || mine.cycle === cycle;
  const follows =
    mine.state === 'changing' && mine.next?.plan === plan.name && (!seats || mine.next.seats === seats);
  const same = plan.current && (!seats || mine.seats === seats);
  const change = seats ? t('plans.resize', { count: seats }) : t(`plans.pay_by_${cycle}`);
  const choice = plan.current && mine.cycle ? change : t('plans.choose', { plan: plan.title });
  return (
    <li className={classes.card} data-current={plan.current || undefined} data-plan={plan.name}>
      <h2>
        {plan.title}
        {plan.current && <span className={classes.badge}>{t('plans.current')}</span>}
        {follows && <span className={classes.badge}>{t('plans.follows')}</span>}
      </h2>
      <p className={classes.price}>
        {sold ? (
          <>
            <strong className="number">{money(price)}</strong> {t(`plans.a_${cycle}`)}
            {seats && <small>{t('plans.per_seat', { price: money(plan.month_micros) })}</small>}
          </>
        ) : (
          <strong>{plan.month_micros > 0 ? t('plans.not_yearly') : t('plans.free')}</strong>
        )}
        {cycle === 'year' && sold && plan.month_micros > 0 && (
          <small>{t('plans.saves', { amount: money(plan.month_micros * 12 - plan.year_micros) })}</small>
        )}
      </p>
      <Facts plan={plan} seats={seats ?? 1} />
      <div className={classes.act}>
        {(checkout || mine.cycle !== '') && sold && (!same || !sameCycle || !mine.cycle) && !follows && (
          <Button
            fullWidth
            variant={plan.current ? 'default' : 'filled'}
            disabled={seats !== undefined && seats < plan.min_seats}
            onClick={() => onWish({ of: plan.of, action: 'change', plan: plan.name, cycle, seats })}
            data-testid={`choose-${plan.name}`}
          >
            {choice}
          </Button>
        )}
        {trialDays > 0 && mine.trial_open && plan.month_micros > 0 && !plan.current && (
          <Button
            fullWidth
            variant="default"
            onClick={() => onWish({ of: plan.of, action: 'try', plan: plan.name })}
          >
            {t('plans.try', { count: trialDays })}
          </Button>
        )}
      </div>
    </li>
  );
}

function Facts({ plan, seats }: { plan: PlanOffer; seats: number }) {
  const { t } = useTranslation();
  const worded = useTokens();
  const amount = (mt: number) =>
    plan.of === 'credits' ? t('plans.credits', { amount: (mt / 1000).toLocaleString('en') }) : worded(mt);
  const facts: string[] = [];
  if (plan.daily_mt > 0) facts.push(t('plans.daily', { amount: amount(plan.daily_mt) }));
  if (plan.monthly_mt > 0) facts.push(t('plans.monthly', { amount: amount(plan.monthly_mt * seats) }));
  if (plan.bank_cap_mt > 0) facts.push(t('plans.bank', { amount: amount(plan.bank_cap_mt * seats) }));
  if (plan.concurrency > 0) facts.push(t('plans.concurrency', { count: plan.concurrency }));
  if (plan.queue > 0) facts.push(t('plans.queue', { count: plan.queue }));
  if (plan.relaxed) facts.push(t('plans.relaxed'));
  if (plan.requests_per_minute > 0) facts.push(t('plans.requests', { count: plan.requests_per_minute }));
  if (plan.uploads > 0) facts.push(t('plans.uploads', { amount: plan.uploads.toLocaleString('en') }));
  return (
    <ul className={classes.facts}>
      {facts.map((f) => (
        <li key={f}>
          <IconCheck size={16} stroke={2} aria-hidden />
          {f}
        </li>
      ))}
    </ul>
  );
}
