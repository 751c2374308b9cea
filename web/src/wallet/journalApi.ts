// The journal comes with the wallet's page.
import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query';
import { BASE, send } from '../api/client';
import type { JournalEntry, JournalFilter, Page } from '../api/types';

/** A filter as a query, without what is left out. */
function asked(filter: JournalFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value) query.set(name, value);
  return query;
}

export const journalApi = {
  page: (filter: JournalFilter, cursor: string | null, limit = 50) => {
    const query = asked(filter);
    query.set('limit', String(limit));
    if (cursor) query.set('cursor', cursor);
    return send<Page<JournalEntry>>(`/journal?${query}`);
  },
  /** Where the same lines are as a file. */
  file: (filter: JournalFilter) => `${BASE}/journal.csv?${asked(filter)}`,
};

export const journalQueries = {
  all: (filter: JournalFilter = {}) =>
    infiniteQueryOptions({
      queryKey: ['journal', filter],
      queryFn: ({ pageParam }) => journalApi.page(filter, pageParam),
      placeholderData: keepPreviousData,
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.next ?? undefined,
    }),
};
