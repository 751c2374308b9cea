import { useQueries, useQueryClient } from '@tanstack/react-query';
import { api } from '../api/client';
import { applyGeneration } from '../api/events';
import { isFinal, isLocal } from '../api/patch';
import type { Generation } from '../api/types';

/** So many at a time: what waits far behind can wait for its look as well. */
const WATCHED = 6;

/**
 * Looks after unfinished work now and then: a stream may be down, or held up on its way. Events remain the fast way.
 */
export function useWatchUnfinished(groups: Generation[]): void {
  const client = useQueryClient();
  const unfinished = groups.filter((g) => !isFinal(g) && !isLocal(g));
  useQueries({
    queries: unfinished.slice(-WATCHED).map((g) => ({
      queryKey: ['watch', g.id],
      queryFn: async () => {
        const told = await api.generation(g.id);
        applyGeneration(client, told);
        return told.state;
      },
      refetchInterval: g.state === 'waiting' ? 15_000 : 8000,
      initialData: g.state,
      staleTime: 3000,
      gcTime: 0,
    })),
  });
}
