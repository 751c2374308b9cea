// The calls about API keys come with their page.
import { queryOptions } from '@tanstack/react-query';
import { at, send } from '../api/client';

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  created_at: string;
  last_used_at: string | null;
  /** tokens, credits, or team: and an id. */
  pays_with: string;
  /** Most that it may use in a UTC month; 0 = no bound. */
  budget_mt: number;
  used_mt: number;
}

export interface NewApiKey {
  id: string;
  name: string;
  prefix: string;
  created_at: string;
  /** The whole key; the server tells it this once. */
  key: string;
}

export const keyApi = {
  keys: async () => (await send<{ items: ApiKey[] }>('/keys')).items,
  createKey: (key: { name: string; pays_with?: string; budget_mt?: number }) =>
    send<NewApiKey>('/keys', { method: 'POST', body: key }),
  setKeyTerms: (id: string, terms: { pays_with: string; budget_mt: number }) =>
    send<void>(`/keys/${at(id)}/terms`, { method: 'PUT', body: terms }),
  revokeKey: (id: string) => send<void>(`/keys/${at(id)}`, { method: 'DELETE' }),
};

export const keyQueries = {
  all: () => queryOptions({ queryKey: ['keys'], queryFn: keyApi.keys }),
};
