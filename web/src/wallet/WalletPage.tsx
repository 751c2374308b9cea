import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { queries } from '../api/queries';
import type { Plan } from '../api/types';
import { useTokens } from '../format/useTokens';
import { usePageTitle } from '../shell/title';
import { BalancePanel } from './BalancePanel';
import { Journal } from './Journal';
import classes from './wallet.module.css';

export function WalletPage() {
  const { t } = useTranslation();
  usePageTitle(t('shell.wallet'));
  const { data, isError, refetch } = useQuery(queries.wallet());
  return (
    <div className="page">
      <header>
        <h1>{t('wallet.title')}</h1>
        <p>{t('wallet.text')}</p>
      </header>
      {data ? (
        <div className={classes.top}>
          <BalancePanel balance={data.balance} />
          <PlanPanel plan={data.plan} />
        </div>
      ) : isError ? (
        <div className="panel" role="alert">
          <p>{t('wallet.failed_to_load')}</p>
          <Button mt="sm" variant="default" onClick={() => void refetch()}>
            {t('common.retry')}
          </Button>
        </div>
      ) : (
        <div className={classes.top} role="status" aria-label={t('wallet.loading')}>
          <Skeleton height={240} radius={16} />
          <Skeleton height={240} radius={16} />
        </div>
      )}
      <Journal />
    </div>
  );
}

function PlanPanel({ plan }: { plan: Plan }) {
  const { t } = useTranslation();
  const worded = useTokens();
  const facts: [string, string][] = [];
  if (plan.daily_mt > 0) facts.push([t('wallet.daily_grant'), worded(plan.daily_mt)]);
  if (plan.monthly_mt > 0) facts.push([t('wallet.monthly_grant'), worded(plan.monthly_mt)]);
  facts.push([t('wallet.bank_cap'), plan.bank_cap_mt > 0 ? worded(plan.bank_cap_mt) : t('wallet.no_bank')]);
  facts.push([t('wallet.concurrency'), String(plan.concurrency)]);
  facts.push([t('wallet.queue'), String(plan.queue)]);
  return (
    <section className="panel" aria-labelledby="plan-title">
      <h2 id="plan-title">{t('wallet.plan', { plan: plan.title })}</h2>
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
