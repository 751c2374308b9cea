// The calls of the admin pages, and what the server tells them. Prompts and pictures of others are not among it.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { at, send } from '../api/client';
import type { GenerationState, Loading, Page } from '../api/types';

export type LaneName = 'fast' | 'api' | 'relaxed';

export interface AdminLane {
  lane: LaneName;
  paused: boolean;
  running: number;
  /** Waiting, next to run. */
  admitted: number;
  /** Behind their accounts' windows. */
  waiting: number;
  kept: number;
  oldest_at: string | null;
  /** Ended in the last ten minutes. */
  done: number;
}

export interface AdminWorker {
  id: string;
  name: string;
  kind: 'server' | 'worker' | 'remote';
  version: string;
  slots: number;
  running: number;
  engines: string[];
  seen_at: string;
  gone: boolean;
  drained: boolean;
  here: boolean;
  /** Those that have to be loaded before they work. */
  models: AdminModel[];
}

export interface AdminModel {
  engine: string;
  model: string;
  resident: boolean;
  /** 0 = not known. */
  memory_bytes: number;
  used_at: string | null;
}

/** A model on its way into memory, or one that got there or not. */
export interface AdminLoad extends Loading {
  id: string;
  engine: string;
  model: string;
  state: 'waiting' | 'loading' | 'done' | 'failed' | 'dropped';
  attempt: number;
  machine: string;
  /** That wait for it. */
  tickets: number;
  asked_at: string;
  started_at: string | null;
  ended_at: string | null;
  failure: string;
}

export interface Overview {
  at: string;
  lanes: AdminLane[];
  workers: AdminWorker[];
  loads: AdminLoad[];
  paces: { engine: string; model: string; seconds_per_token: number; runs: number }[];
  waits: { foretold: number; inside: number; error_seconds: number };
  outcomes: { state: GenerationState; code: string; count: number }[];
}

export interface Work {
  id: string;
  account_id: string;
  email: string;
  team_id: string | null;
  model: string;
  pictures: number;
  state: GenerationState;
  lane: 'fast' | 'relaxed';
  price_mt: number;
  charged_mt: number;
  failure: { code: string; message: string } | null;
  attempts: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  worker: string | null;
  position: number;
  paused: boolean;
  stopped: '' | 'account' | 'lane';
}

export interface WorkFilter {
  state?: string;
  slower?: number;
  code?: string;
  account?: string;
  model?: string;
  from?: string;
}

export interface AdminAccount {
  id: string;
  email: string;
  role: 'user' | 'owner';
  plan: string;
  plan_title: string;
  created_at: string;
  available_mt: number;
  held_mt: number;
  credits_mt: number;
  running: number;
  waiting: number;
  kept: number;
  /** Why nothing of it starts; empty = it may. */
  stopped: string;
  times: number;
  times_until: string | null;
}

export interface AuditLine {
  id: number;
  at: string;
  by: string | null;
  action: string;
  subject: string;
  account_id: string | null;
  email: string | null;
  reason: string;
  details: Record<string, unknown>;
}

/** A query without what is left out. */
function asked(fields: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value) query.set(name, String(value));
  return query.size > 0 ? `?${query}` : '';
}

const put = (path: string, body: object) => send<void>(path, { method: 'PUT', body });
const post = <T = void>(path: string, body?: object) => send<T>(path, { method: 'POST', body });

export const adminApi = {
  overview: () => send<Overview>('/admin/overview'),
  setLane: (lane: LaneName, paused: boolean) => put(`/admin/lanes/${lane}`, { paused }),
  setWorker: (id: string, drained: boolean) => put(`/admin/workers/${at(id)}`, { drained }),
  work: (filter: WorkFilter, cursor: string | null, limit = 50) =>
    send<Page<Work>>(`/admin/work${asked({ ...filter, limit, cursor })}`),
  cancel: (id: string, reason: string) => post(`/admin/work/${at(id)}/cancel`, { reason }),
  retry: (id: string) => post<{ id: string }>(`/admin/work/${at(id)}/retry`),
  accounts: (search: string, cursor: string | null, limit = 25) =>
    send<Page<AdminAccount>>(`/admin/accounts${asked({ search, limit, cursor })}`),
  account: (id: string) => send<AdminAccount>(`/admin/accounts/${at(id)}`),
  setRate: (id: string, times: number, lasts_seconds: number) =>
    put(`/admin/accounts/${at(id)}/rate`, { times, lasts_seconds }),
  stop: (id: string, reason: string) => put(`/admin/accounts/${at(id)}/stop`, { reason }),
  resume: (id: string) => send<void>(`/admin/accounts/${at(id)}/stop`, { method: 'DELETE' }),
  grant: (id: string, gift: { unit: 'tokens' | 'credits'; amount_mt: number; reason: string; ref: string }) =>
    post(`/admin/accounts/${at(id)}/tokens`, gift),
  setPlan: (id: string, plan: string, reason: string) =>
    put(`/admin/accounts/${at(id)}/plan`, { plan, reason }),
  audit: (account: string, cursor: string | null, limit = 50) =>
    send<Page<AuditLine>>(`/admin/audit${asked({ account, limit, cursor })}`),
};

const next = <T>(last: Page<T>) => last.next ?? undefined;
const first = null as string | null;

/** Keys begin with 'admin', so that whatever was done makes all of it old. */
export const adminQueries = {
  overview: () =>
    queryOptions({ queryKey: ['admin', 'overview'], queryFn: adminApi.overview, refetchInterval: 2000 }),
  work: (filter: WorkFilter) =>
    infiniteQueryOptions({
      queryKey: ['admin', 'work', filter],
      queryFn: ({ pageParam }) => adminApi.work(filter, pageParam),
      initialPageParam: first,
      getNextPageParam: next,
      placeholderData: keepPreviousData,
      refetchInterval: 4000,
    }),
  accounts: (search: string) =>
    infiniteQueryOptions({
      queryKey: ['admin', 'accounts', search],
      queryFn: ({ pageParam }) => adminApi.accounts(search, pageParam),
      initialPageParam: first,
      getNextPageParam: next,
      placeholderData: keepPreviousData,
      refetchInterval: 6000,
    }),
  account: (id: string) =>
    queryOptions({
      queryKey: ['admin', 'account', id],
      queryFn: () => adminApi.account(id),
      refetchInterval: 3000,
    }),
  audit: (account = '') =>
    infiniteQueryOptions({
      queryKey: ['admin', 'audit', account],
      queryFn: ({ pageParam }) => adminApi.audit(account, pageParam),
      initialPageParam: first,
      getNextPageParam: next,
      refetchInterval: 10_000,
    }),
};
