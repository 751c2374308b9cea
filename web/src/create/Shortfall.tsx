import './words';
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Balance } from '../api/moneyTypes';
import type { GenerationRequest, Model } from '../api/types';
import { tokens } from '../format/amount';
import { clock } from '../format/time';
import { useTokens } from '../format/useTokens';
import type { Payer } from '../team/usePayer';
import { affordableCount } from './button';
import classes from './create.module.css';
import { useQuote } from './useQuote';

interface Props {
  request: GenerationRequest;
  model: Model;
  price_mt: number;
  balance: Balance;
  payer: Payer;
  onCount: (count: number) => void;
  onSteps: (steps: number) => void;
}

/** Not enough tokens, in a plain sentence, and what one can do about it. Each way out shows its own price. */
export function Shortfall({ request, model, price_mt, balance, payer, onCount, onSteps }: Props) {
  const { t } = useTranslation();
  const worded = useTokens();
  const left = payer.available_mt;
  const count = affordableCount(request.count ?? 1, price_mt, left);
  const draft = { ...request, steps: model.steps.min };
  const fewer = useQuote(count > 0 ? { ...request, count } : undefined);
  const quick = useQuote(request.steps !== model.steps.min ? draft : undefined);
  return (
    <section className={classes.short} aria-label={t('create.short_title')} data-testid="shortfall">
      <p>
        {payer.team
          ? t(payer.limited ? 'create.short_limit' : 'create.short_pool', {
              price: worded(price_mt),
              left: worded(left),
              team: payer.team.name,
            })
          : t('create.short', { price: worded(price_mt), left: worded(left) })}{' '}
        {balance.renews_at &&
          balance.daily_mt > 0 &&
          t('create.short_next', {
            amount: worded(balance.daily_mt),
            at: clock(balance.renews_at, Date.now()),
          })}
      </p>
      <div className={classes.shortWays}>
        {fewer.quote?.enough && !fewer.stale && (
          <Button size="xs" variant="default" onClick={() => onCount(count)}>
            {t('create.short_fewer', { count, price: tokens(fewer.quote.total_mt) })}
          </Button>
        )}
        {quick.quote?.enough && !quick.stale && (
          <Button size="xs" variant="default" onClick={() => onSteps(model.steps.min)}>
            {t('create.short_draft', { steps: model.steps.min, price: tokens(quick.quote.total_mt) })}
          </Button>
        )}
        {payer.team ? (
          <Button size="xs" variant="default" onClick={() => payer.choose('')}>
            {t('create.pay_myself')}
          </Button>
        ) : (
          <Link to="/wallet" className="link">
            {t('create.short_wallet')}
          </Link>
        )}
      </div>
    </section>
  );
}
