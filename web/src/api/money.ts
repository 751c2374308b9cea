// What only the pages about tokens and money ask for; the first page does not wait for it.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { page, send } from './client';
import type {
  AlertSettings,
  AutoTopUp,
  AutoTopUpTerms,
  PackList,
  Page,
  Payment,
  PlanChanged,
  PlanOffer,
  PlanPreview,
  PlanWish,
  Subscription,
  Unit,
} from './types';

export const moneyApi = {
  redeem: (code: string) => send<{ amount_mt: number }>('/codes/redeem', { method: 'POST', body: { code } }),
  alertSettings: () => send<AlertSettings>('/alerts/settings'),
  setAlertSettings: (s: Pick<AlertSettings, 'ways' | 'credits_below_mc'>) =>
    send<void>('/alerts/settings', { method: 'PUT', body: s }),
  unsubscribe: (token: string) =>
    send<void>(`/alerts/unsubscribe?token=${encodeURIComponent(token)}`, { method: 'POST' }),

  plans: async (of: Unit) => (await send<{ items: PlanOffer[] }>(`/plans?of=${of}`)).items,
  subscription: (of: Unit) => send<Subscription>(`/subscription?of=${of}`),
  previewPlan: (wish: PlanWish) => send<PlanPreview>('/subscription/preview', { method: 'POST', body: wish }),
  /** As the preview showed it: a plan that has changed since, or a price that is too old, is refused. */
  changePlan: (wish: PlanWish, seen: PlanPreview) =>
    send<PlanChanged>('/subscription/change', {
      method: 'POST',
      body: { ...wish, shown_at: seen.shown_at, version: seen.version },
    }),
  packs: (of: Unit) => send<PackList>(`/packs?of=${of}`),
  buy: (wish: { of: Unit; pack?: string; amount_mt?: number }) =>
    send<{ payment: Payment; pay_url: string }>('/payments', { method: 'POST', body: wish }),
  payments: (cursor: string | null, limit = 50) => send<Page<Payment>>(`/payments${page(limit, cursor)}`),
  portal: () => send<{ url: string }>('/billing-portal', { method: 'POST' }),
  autoTopUp: (of: Unit) => send<AutoTopUp>(`/auto-top-up?of=${of}`),
  setAutoTopUp: (terms: AutoTopUpTerms) => send<AutoTopUp>('/auto-top-up', { method: 'PUT', body: terms }),
};

export const moneyQueries = {
  alertSettings: () => queryOptions({ queryKey: ['alert-settings'], queryFn: moneyApi.alertSettings }),
  plans: (of: Unit) => queryOptions({ queryKey: ['plans', of], queryFn: () => moneyApi.plans(of) }),
  subscription: (of: Unit) =>
    queryOptions({ queryKey: ['subscription', of], queryFn: () => moneyApi.subscription(of) }),
  packs: (of: Unit) => queryOptions({ queryKey: ['packs', of], queryFn: () => moneyApi.packs(of) }),
  payments: () =>
    infiniteQueryOptions({
      queryKey: ['payments'],
      queryFn: ({ pageParam }) => moneyApi.payments(pageParam),
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.next ?? undefined,
    }),
  autoTopUp: (of: Unit) =>
    queryOptions({ queryKey: ['auto-top-up', of], queryFn: () => moneyApi.autoTopUp(of) }),
};
