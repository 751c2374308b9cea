import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from '../api/errors';
import { queries } from '../api/queries';

const signedOut = (error: unknown) => error instanceof ApiError && error.status === 401;

/** The query client, and who to tell when the server no longer knows the session. */
export function makeClient() {
  let tell = () => {};
  // Only who believed to be signed in is told: a stranger's first request is answered by the router.
  const watch = (error: unknown) => {
    const { queryKey } = queries.session();
    if (!signedOut(error) || !query.getQueryData(queryKey)) return;
    query.removeQueries({ queryKey });
    tell();
  };
  const query: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: watch }),
    mutationCache: new MutationCache({
      // Wrong credentials at the door are an answer for the form, not the end of a session.
      onError: (error, _input, _context, m) => m.options.meta?.atTheDoor || watch(error),
    }),
    defaultOptions: {
      queries: {
        retry: (count, error) =>
          count < 2 && error instanceof ApiError && (error.offline || error.status >= 500),
        refetchOnWindowFocus: false,
        staleTime: 5000,
      },
      mutations: { retry: false },
    },
  });
  return {
    query,
    onUnauthenticated: (listener: () => void) => {
      tell = listener;
    },
  };
}

export type Client = ReturnType<typeof makeClient>;
