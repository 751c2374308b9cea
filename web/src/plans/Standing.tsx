import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { PlanWish, Subscription } from '../api/moneyTypes';
import { tokens } from '../format/amount';
import { money } from '../format/money';
import { day } from '../format/time';
import classes from './plans.module.css';

interface Props {
  subscription: Subscription;
  onWish: (wish: PlanWish) => void;
}

/** How one stands with one's plan, in a sentence, and what can be done about it. */
export function Standing({ subscription: s, onWish }: Props) {
  const { t } = useTranslation();
  const cancellable =
    s.state !== 'cancelled' && s.state !== 'trial' && (s.cycle !== '' || s.paid_until !== null);
  return (
    <section className={`panel ${classes.standing}`} aria-label={t('plans.standing')} data-state={s.state}>
      <div>
        <p data-testid="standing">
          <Sentence s={s} />
        </p>
        {s.owed_mt > 0 && <p className={classes.warn}>{t('plans.owed', { amount: tokens(s.owed_mt) })}</p>}
      </div>
      <div className={classes.standingActs}>
        {(s.state === 'cancelled' || s.state === 'changing') && (
          <Button variant="default" onClick={() => onWish({ of: s.of, action: 'resume' })}>
            {t(s.state === 'cancelled' ? 'plans.resume' : 'plans.stay', { plan: s.title })}
          </Button>
        )}
        {cancellable && (
          <Button variant="default" onClick={() => onWish({ of: s.of, action: 'cancel' })}>
            {t('plans.cancel')}
          </Button>
        )}
      </div>
    </section>
  );
}

function Sentence({ s }: { s: Subscription }) {
  const { t } = useTranslation();
  const plan = s.title;
  const seated = (count: number, title: string) =>
    count > 0 ? t('plans.with_seats', { plan: title, count }) : title;
  const until = s.paid_until ? day(s.paid_until) : '';
  switch (s.state) {
    case 'trial':
      return <>{t('plans.state_trial', { plan, until })}</>;
    case 'past_due':
      return (
        <>
          {t('plans.state_past_due', { plan, since: until, until: s.grace_until ? day(s.grace_until) : '' })}
        </>
      );
    case 'cancelled':
      return <>{t('plans.state_cancelled', { plan, until: s.next ? day(s.next.at) : until })}</>;
    case 'changing':
      return (
        <>
          {t(s.seats > 0 ? 'plans.team_changing' : 'plans.state_changing', {
            plan: seated(s.seats, plan),
            next: seated(s.next?.seats ?? 0, s.next?.title ?? ''),
            cycle: s.next?.cycle ? t(`plans.by_${s.next.cycle}`) : '',
            at: s.next ? day(s.next.at) : until,
          })}
        </>
      );
    default:
      if (s.seats > 0) return <TeamSentence s={s} />;
      if (!s.paid_until) return <>{t('plans.state_free', { plan })}</>;
      return <>{t('plans.state_settled', { plan, until, price: money(s.renewal_micros) })}</>;
  }
}

function TeamSentence({ s }: { s: Subscription }) {
  const { t } = useTranslation();
  const plan = t('plans.with_seats', { plan: s.title, count: s.seats });
  if (!s.paid_until) return <>{t('plans.team_free', { plan })}</>;
  return <>{t('plans.team_settled', { plan, until: day(s.paid_until), price: money(s.renewal_micros) })}</>;
}
