import '../wallet/words';
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconExternalLink } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { moneyApi, moneyQueries } from '../api/money';
import type { Payment } from '../api/moneyTypes';
import { useSession } from '../api/queries';
import { tokens } from '../format/amount';
import { money } from '../format/money';
import { day } from '../format/time';
import { Paged } from '../shell/Paged';
import { usePageTitle } from '../shell/title';
import { NoCheckout } from '../wallet/NoCheckout';
import { SubNav } from '../wallet/SubNav';
import wallet from '../wallet/wallet.module.css';

/** Every payment with its receipt. */
export function InvoicesPage() {
  const { t } = useTranslation();
  usePageTitle(t('invoices.title'));
  const { data: session } = useSession();
  const checkout = session?.payments.checkout ?? false;
  return (
    <div className="page">
      <header>
        <h1>{t('invoices.title')}</h1>
        <p>{t('invoices.text')}</p>
      </header>
      <SubNav />
      {session && !checkout && <NoCheckout what="payments" />}
      <Payments checkout={checkout} />
    </div>
  );
}

/** Payments, newest first, and the way to the provider's page with cards and invoices. */
export function Payments({ checkout, team }: { checkout: boolean; team?: string }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(moneyQueries.payments(team));
  const rows = query.data?.pages.flatMap((p) => p.items) ?? [];
  const portal = useMutation({
    mutationFn: () => moneyApi.portal(team),
    onSuccess: ({ url }) => window.location.assign(url),
    onError: (error) =>
      notifications.show({ color: 'red', title: t('common.failed'), message: error.message }),
  });
  return (
    <section className="panel" aria-labelledby="payments-title">
      <div className={wallet.journalHead}>
        <h2 id="payments-title">{t('invoices.list')}</h2>
        {checkout && (
          <Button size="xs" variant="default" loading={portal.isPending} onClick={() => portal.mutate()}>
            {t('invoices.portal')}
          </Button>
        )}
      </div>
      <Paged
        query={query}
        none={rows.length === 0}
        empty={t('invoices.empty')}
        failed={t('invoices.failed_to_load')}
        more={t('invoices.more')}
      >
        <ul className={wallet.payments}>
          {rows.map((p) => (
            <Row key={p.id} p={p} />
          ))}
        </ul>
      </Paged>
    </section>
  );
}

function Row({ p }: { p: Payment }) {
  const { t } = useTranslation();
  const plan =
    p.plan_title !== null && p.seats > 0
      ? t('plans.with_seats', { plan: p.plan_title, count: p.seats })
      : p.plan_title;
  const what =
    plan !== null
      ? t(`invoices.kind_${p.kind}`, { plan })
      : t(`invoices.kind_${p.kind}`, { amount: tokens(p.tokens_mt), unit: t(`packs.unit_${p.of}`) });
  return (
    <li data-payment={p.id} data-state={p.state}>
      <span>
        <strong>{what}</strong>
        <small>
          {day(p.paid_at ?? p.created_at)}
          {p.paid_until && ` · ${t('invoices.until', { until: day(p.paid_until) })}`}
          {p.refunded_micros > 0 && ` · ${t('invoices.refunded', { amount: money(p.refunded_micros) })}`}
        </small>
      </span>
      <span className={wallet.state} data-state={p.state}>
        {t(`invoices.state_${p.state}`)}
      </span>
      <span className="number">{money(p.received_micros || p.price_micros)}</span>
      {p.receipt_url ? (
        <a href={p.receipt_url} target="_blank" rel="noreferrer" className="link">
          {t('invoices.receipt')} <IconExternalLink size={15} stroke={1.8} aria-label={t('common.new_tab')} />
        </a>
      ) : (
        <span />
      )}
    </li>
  );
}
