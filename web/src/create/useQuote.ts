import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { ApiError } from '../api/errors';
import { queries } from '../api/queries';
import type { GenerationRequest, Quote } from '../api/types';
import { priceKey } from './draft';

export interface LiveQuote {
  quote: Quote | undefined;
  /** The quote at hand is for other settings than asked now. */
  stale: boolean;
  failed: boolean;
  /** Why, where the settings themselves are refused. */
  error: ApiError | null;
  retry: () => void;
}

const nothing: GenerationRequest = { prompt: '' };

/** The price of a request, asked for again shortly after its settings rest. */
export function useQuote(request: GenerationRequest | undefined): LiveQuote {
  const now = request ? JSON.stringify(priceKey(request)) : '';
  const [rested] = useDebouncedValue(now, 120);
  const query = useQuery({
    ...queries.quote(rested ? (JSON.parse(rested) as GenerationRequest) : nothing),
    enabled: rested !== '',
    retry: (n, error) => n < 1 && !(error instanceof ApiError && error.status === 422),
  });
  return {
    quote: query.isError ? undefined : query.data,
    stale: rested !== now || query.isPlaceholderData || query.isPending,
    failed: rested === now && query.isError,
    error: rested === now && query.error instanceof ApiError ? query.error : null,
    retry: () => void query.refetch(),
  };
}
