import './words';
import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Plan, Wallet } from '../api/moneyTypes';
import { queries, useSession } from '../api/queries';
import { tokens } from '../format/amount';
import { useTokens } from '../format/useTokens';
import { Failed } from '../shell/Failed';
import { usePageTitle } from '../shell/title';
import { AlertSettings } from './AlertSettings';
import { BalancePanel } from './BalancePanel';
import { CodeField } from './CodeField';
import { Journal } from './Journal';
import { SubNav } from './SubNav';
import { useStorageFacts } from './storage';
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
      <SubNav />
      {data ? (
        <div className={classes.top}>
          <div className={classes.side}>
            <BalancePanel balance={data.balance} forecast={data.forecast} />
            <CodeField />
          </div>
          <div className={classes.side}>
            <PlanPanel plan={data.plan} />
            <CreditsPanel credits={data.credits} />
            <AlertSettings />
          </div>
        </div>
      ) : isError ? (
        <div className="panel">
          <Failed text={t('wallet.failed_to_load')} onRetry={() => void refetch()} />
        </div>
      ) : (
        <div className={classes.top} role="status" aria-label={t('wallet.loading')}>
          <Skeleton height={420} radius={16} />
          <Skeleton height={420} radius={16} />
        </div>
      )}
      {/* The last: it grows while one reads. */}
      <Journal />
    </div>
  );
}

function PlanPanel({ plan }: { plan: Plan }) {
  const { t } = useTranslation();
  const worded = useTokens();
  const { data: session } = useSession();
  const facts: [string, string][] = [];
  if (plan.daily_mt > 0) facts.push([t('wallet.daily_grant'), worded(plan.daily_mt)]);
  if (plan.monthly_mt > 0) facts.push([t('wallet.monthly_grant'), worded(plan.monthly_mt)]);
  facts.push([t('wallet.bank_cap'), plan.bank_cap_mt > 0 ? worded(plan.bank_cap_mt) : t('wallet.no_bank')]);
  facts.push([t('wallet.concurrency'), String(plan.concurrency)]);
  facts.push([t('wallet.queue'), String(plan.queue)]);
  facts.push(...useStorageFacts());
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
      <p className={classes.renews}>
        <Link to="/plans" className="link">
          {t(session?.payments.checkout ? 'wallet.change_plan' : 'wallet.see_plans')}
        </Link>
      </p>
    </section>
  );
}

function CreditsPanel({ credits }: { credits: Wallet['credits'] }) {
  const { t } = useTranslation();
  return (
    <section className="panel" aria-labelledby="credits-title">
      <h2 id="credits-title">{t('wallet.credits')}</h2>
      <dl className={classes.facts}>
        <div>
          <dt>{t('wallet.available')}</dt>
          <dd className="number" data-testid="credits">
            {tokens(credits.available_mc)}
          </dd>
        </div>
        {credits.held_mc > 0 && (
          <div>
            <dt>{t('wallet.held')}</dt>
            <dd className="number">{tokens(credits.held_mc)}</dd>
          </div>
        )}
        {credits.owed_mc > 0 && (
          <div>
            <dt>{t('wallet.owed')}</dt>
            <dd className="number">{tokens(-credits.owed_mc)}</dd>
          </div>
        )}
      </dl>
      <p className={classes.renews}>
        {t('wallet.credits_text')}{' '}
        <Link to="/keys" className="link">
          {t('wallet.credits_keys')}
        </Link>
      </p>
    </section>
  );
}
