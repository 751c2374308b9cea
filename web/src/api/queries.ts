import { infiniteQueryOptions, keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { api } from './client';
import type { Progression } from './events';
import type { Generation, GenerationRequest, Page } from './types';

/** What the server knows, by name. Keys are written down here only. */
export const queries = {
  session: () => queryOptions({ queryKey: ['session'], queryFn: api.session, staleTime: 30_000 }),
  models: () => queryOptions({ queryKey: ['models'], queryFn: api.models, staleTime: 5 * 60_000 }),
  quote: (request: GenerationRequest) =>
    queryOptions({
      queryKey: ['quote', request],
      queryFn: ({ signal }) => api.quote(request, signal),
      staleTime: 15_000,
      placeholderData: keepPreviousData,
    }),
  generations: () =>
    infiniteQueryOptions({
      queryKey: ['generations'],
      queryFn: ({ pageParam }) => api.generations(pageParam),
      initialPageParam: null as string | null,
      getNextPageParam: (last: Page<Generation>) => last.next ?? undefined,
      staleTime: Number.POSITIVE_INFINITY, // events keep it fresh; a new stream refreshes its head
      gcTime: Number.POSITIVE_INFINITY,
    }),
  generation: (id: string) =>
    queryOptions({ queryKey: ['generation', id], queryFn: () => api.generation(id), staleTime: 60 * 60_000 }),
  line: () => queryOptions({ queryKey: ['line'], queryFn: api.line, staleTime: Number.POSITIVE_INFINITY }), // events keep it fresh
  uploads: () => queryOptions({ queryKey: ['uploads'], queryFn: () => api.uploads(null), staleTime: 60_000 }),
  // Its addresses end after hours; half of that is fresh enough.
  picture: (id: string) =>
    queryOptions({
      queryKey: ['picture', id],
      queryFn: () => api.picture(id),
      staleTime: 3 * 60 * 60_000,
      retry: (n: number, error: Error) => n < 2 && (error as { status?: number }).status !== 404,
    }),
  wallet: () => queryOptions({ queryKey: ['wallet'], queryFn: api.wallet }),
  alerts: () => queryOptions({ queryKey: ['alerts'], queryFn: api.alerts, staleTime: 5 * 60_000 }),
  teams: () => queryOptions({ queryKey: ['teams'], queryFn: api.teams, staleTime: 30_000 }),
};

export const progressKey = (id: string) => ['progress', id] as const;

/** The newest progress of a running generation; only events write it. */
export function useProgress(id: string): Progression | undefined {
  return useQuery<Progression>({ queryKey: progressKey(id), enabled: false, queryFn: () => Promise.reject() })
    .data;
}

export const useLine = () => useQuery(queries.line());
export const useSession = () => useQuery(queries.session());
export const useModels = () => useQuery(queries.models());
