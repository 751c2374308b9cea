// What only the pages about tokens and money ask for; the first page does not wait for it.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { at, BASE, page, send } from './client';
import type {
  AlertSettings,
  AutoTopUp,
  AutoTopUpTerms,
  JournalEntry,
  JournalFilter,
  PackList,
  Payment,
  PlanChanged,
  PlanOffer,
  PlanPreview,
  PlanWish,
  Subscription,
  Unit,
} from './moneyTypes';
import type { Page } from './types';

/** Where a team's purse is; one's own without a team. */
const whose = (team?: string) => (team ? `/teams/${at(team)}` : '');

/** A team has tokens alone, so nobody asks it which of the two. */
const read = (path: string, of: Unit, team?: string) => (team ? whose(team) + path : `${path}?of=${of}`);

/** What a team's purse is known by begins as the team does: what makes the team old makes it old, too. */
const key = (what: string, of: Unit, team?: string) => (team ? ['teams', team, what] : [what, of]);

/** A filter as a query, without what is left out. */
function asked(filter: JournalFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value) query.set(name, value);
  return query;
}

export const moneyApi = {
  journal: (filter: JournalFilter, cursor: string | null, team?: string, limit = 50) => {
    const query = asked(filter);
    query.set('limit', String(limit));
    if (cursor) query.set('cursor', cursor);
    return send<Page<JournalEntry>>(`${whose(team)}/journal?${query}`);
  },
  /** Where the same lines are as a file. */
  journalFile: (filter: JournalFilter, team?: string) => `${BASE}${whose(team)}/journal.csv?${asked(filter)}`,
  redeem: (code: string) => send<{ amount_mt: number }>('/codes/redeem', { method: 'POST', body: { code } }),
  alertSettings: () => send<AlertSettings>('/alerts/settings'),
  setAlertSettings: (s: Pick<AlertSettings, 'ways' | 'credits_below_mc'>) =>
    send<void>('/alerts/settings', { method: 'PUT', body: s }),
  unsubscribe: (token: string) =>
    send<void>(`/alerts/unsubscribe?token=${encodeURIComponent(token)}`, { method: 'POST' }),

  plans: async (of: Unit, team?: string) =>
    (await send<{ items: PlanOffer[] }>(read('/plans', of, team))).items,
  subscription: (of: Unit, team?: string) => send<Subscription>(read('/subscription', of, team)),
  previewPlan: (wish: PlanWish, team?: string) =>
    send<PlanPreview>(`${whose(team)}/subscription/preview`, { method: 'POST', body: wish }),
  /** As the preview showed it: a plan that has changed since, or a price that is too old, is refused. */
  changePlan: (wish: PlanWish, seen: PlanPreview, team?: string) =>
    send<PlanChanged>(`${whose(team)}/subscription/change`, {
      method: 'POST',
      body: { ...wish, shown_at: seen.shown_at, version: seen.version },
    }),
  packs: (of: Unit) => send<PackList>(`/packs?of=${of}`),
  buy: (wish: { of: Unit; pack?: string; amount_mt?: number }, team?: string) =>
    send<{ payment: Payment; pay_url: string }>(`${whose(team)}/payments`, { method: 'POST', body: wish }),
  payments: (cursor: string | null, team?: string, limit = 50) =>
    send<Page<Payment>>(`${whose(team)}/payments${page(limit, cursor)}`),
  portal: (team?: string) => send<{ url: string }>(`${whose(team)}/billing-portal`, { method: 'POST' }),
  autoTopUp: (of: Unit, team?: string) => send<AutoTopUp>(read('/auto-top-up', of, team)),
  setAutoTopUp: (terms: AutoTopUpTerms, team?: string) =>
    send<AutoTopUp>(`${whose(team)}/auto-top-up`, { method: 'PUT', body: terms }),
};

export const moneyQueries = {
  journal: (filter: JournalFilter = {}, team?: string) =>
    infiniteQueryOptions({
      queryKey: team ? ['teams', team, 'journal', filter] : ['journal', filter],
      queryFn: ({ pageParam }) => moneyApi.journal(filter, pageParam, team, team ? 20 : 50),
      placeholderData: keepPreviousData,
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.next ?? undefined,
    }),
  alertSettings: () => queryOptions({ queryKey: ['alert-settings'], queryFn: moneyApi.alertSettings }),
  plans: (of: Unit, team?: string) =>
    queryOptions({ queryKey: key('plans', of, team), queryFn: () => moneyApi.plans(of, team) }),
  subscription: (of: Unit, team?: string) =>
    queryOptions({ queryKey: key('subscription', of, team), queryFn: () => moneyApi.subscription(of, team) }),
  packs: (of: Unit) => queryOptions({ queryKey: ['packs', of], queryFn: () => moneyApi.packs(of) }),
  payments: (team?: string) =>
    infiniteQueryOptions({
      queryKey: team ? ['teams', team, 'payments'] : ['payments'],
      queryFn: ({ pageParam }) => moneyApi.payments(pageParam, team),
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.next ?? undefined,
    }),
  autoTopUp: (of: Unit, team?: string) =>
    queryOptions({ queryKey: key('auto-top-up', of, team), queryFn: () => moneyApi.autoTopUp(of, team) }),
};
