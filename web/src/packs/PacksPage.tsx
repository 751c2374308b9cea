import '../wallet/words';
import { Button, NumberInput, SegmentedControl, Skeleton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { moneyApi, moneyQueries } from '../api/money';
import type { PackList, Unit } from '../api/moneyTypes';
import { useSession } from '../api/queries';
import { tokens } from '../format/amount';
import { money } from '../format/money';
import plans from '../plans/plans.module.css';
import { Failed } from '../shell/Failed';
import { usePageTitle } from '../shell/title';
import { NoCheckout } from '../wallet/NoCheckout';
import { SubNav } from '../wallet/SubNav';
import { AutoTopUp } from './AutoTopUp';
import classes from './packs.module.css';
import { buyable, priceOf } from './tariff';

/** Amounts that are bought once and do not expire. */
export function PacksPage() {
  const { t } = useTranslation();
  usePageTitle(t('packs.title'));
  const { data: session } = useSession();
  const [of, setOf] = useState<Unit>('tokens');
  const { data, isError, refetch } = useQuery(moneyQueries.packs(of));
  const checkout = session?.payments.checkout ?? false;
  return (
    <div className="page">
      <header>
        <h1>{t('packs.title')}</h1>
        <p>{t('packs.text')}</p>
      </header>
      <SubNav />
      {session && !checkout && <NoCheckout what="packs" />}
      <div className={plans.choice}>
        <SegmentedControl
          aria-label={t('plans.of')}
          value={of}
          onChange={(v) => setOf(v as Unit)}
          data={[
            { value: 'tokens', label: t('packs.of_tokens') },
            { value: 'credits', label: t('packs.of_credits') },
          ]}
        />
      </div>
      {isError && !data && (
        <div className="panel">
          <Failed text={t('packs.failed_to_load')} onRetry={() => void refetch()} />
        </div>
      )}
      {!data && !isError && <Skeleton height={220} radius={16} />}
      {data && (
        <>
          <Offers of={of} list={data} checkout={checkout} />
          {checkout && <AutoTopUp key={`top-up-${of}`} of={of} list={data} />}
        </>
      )}
    </div>
  );
}

interface OffersProps {
  of: Unit;
  list: PackList;
  checkout: boolean;
  /** Whose; left out: one's own. */
  team?: string;
}

/** Packs and an amount of one's own, each with a way to a page to pay on. */
export function Offers({ of, list, checkout, team }: OffersProps) {
  const { t } = useTranslation();
  const buy = useMutation({
    mutationFn: (wish: { pack?: string; amount_mt?: number }) => moneyApi.buy({ of, ...wish }, team),
    onSuccess: ({ pay_url }) => window.location.assign(pay_url),
    onError: (error) =>
      notifications.show({ color: 'red', title: t('common.failed'), message: error.message }),
  });
  return (
    <>
      <ul className={plans.plans}>
        {list.items.map((p) => (
          <li key={p.name} className={plans.card} data-pack={p.name}>
            <h2>{p.title}</h2>
            <p className={plans.price}>
              <strong className="number">{tokens(p.amount_mt)}</strong> {t(`packs.unit_${of}`)}
              <small>{t(`packs.per_thousand_${of}`, { price: money(p.thousand_micros) })}</small>
            </p>
            <div className={plans.act}>
              {checkout ? (
                <Button
                  fullWidth
                  loading={buy.isPending && buy.variables.pack === p.name}
                  onClick={() => buy.mutate({ pack: p.name })}
                >
                  {t('packs.buy', { price: money(p.price_micros) })}
                </Button>
              ) : (
                <span className="number soft">{money(p.price_micros)}</span>
              )}
            </div>
          </li>
        ))}
      </ul>
      <OwnAmount
        key={of}
        of={of}
        list={list}
        checkout={checkout}
        pending={buy.isPending && !buy.variables.pack}
        onBuy={(amount_mt) => buy.mutate({ amount_mt })}
      />
    </>
  );
}

interface OwnProps {
  of: Unit;
  list: PackList;
  checkout: boolean;
  pending: boolean;
  onBuy: (amount_mt: number) => void;
}

function OwnAmount({ of, list, checkout, pending, onBuy }: OwnProps) {
  const { t } = useTranslation();
  const [value, setValue] = useState<number | string>(list.least_mt / 1000);
  const amount_mt = Number(value || 0) * 1000;
  const good = buyable(list, amount_mt);
  return (
    <section className="panel" aria-labelledby="own-title">
      <h2 id="own-title">{t('packs.own')}</h2>
      <div className={classes.own}>
        <div>
          <NumberInput
            label={t(`packs.amount_${of}`)}
            value={value}
            onChange={setValue}
            step={list.step_mt / 1000}
            min={0}
            max={list.most_mt / 1000}
            thousandSeparator=","
            decimalScale={0}
            error={
              good
                ? undefined
                : t('packs.amount_bounds', { from: tokens(list.least_mt), to: tokens(list.most_mt) })
            }
          />
          <p className={classes.ownPrice} aria-live="polite">
            {good ? (
              <strong className="number" data-testid="own-price">
                {money(priceOf(list, amount_mt))}
              </strong>
            ) : (
              '–'
            )}
          </p>
          {checkout && (
            <Button disabled={!good} loading={pending} onClick={() => onBuy(amount_mt)}>
              {t('packs.buy_own')}
            </Button>
          )}
        </div>
        <table className={classes.tiers}>
          <caption>{t('packs.tiers')}</caption>
          <tbody>
            {list.tiers.map((tier, i) => (
              <tr key={tier.up_to_mt}>
                <th scope="row">
                  {tier.up_to_mt > 0
                    ? t(i ? 'packs.tier_to' : 'packs.tier_first', { to: tokens(tier.up_to_mt) })
                    : t('packs.tier_rest')}
                </th>
                <td className="number">{t('packs.thousand', { price: money(tier.thousand_micros) })}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
