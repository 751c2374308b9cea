// The calls about API keys come with their page.
import { queryOptions } from '@tanstack/react-query';
import { at, send } from '../api/client';
import type { ApiKey, NewApiKey } from '../api/types';

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
