import { Button, Skeleton } from '@mantine/core';
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failed } from './Failed';

interface Props {
  query: Pick<
    UseInfiniteQueryResult,
    | 'isPending'
    | 'isError'
    | 'isSuccess'
    | 'hasNextPage'
    | 'isFetchingNextPage'
    | 'isFetchNextPageError'
    | 'refetch'
    | 'fetchNextPage'
  >;
  /** There is nothing to show of what has come. */
  none: boolean;
  /** What is said then, when nothing more comes. */
  empty: ReactNode;
  failed: string;
  /** On the button that brings the next page. */
  more: string;
  children: ReactNode;
}

/** A list that comes page by page, with what is said while it loads, when it failed and when it is empty. */
export function Paged({ query, none, empty, failed, more, children }: Props) {
  return (
    <>
      {query.isPending && <Skeleton height={120} mt={14} radius={12} />}
      {none && query.isSuccess && !query.hasNextPage && <p className="aside">{empty}</p>}
      {!none && children}
      {query.isFetchNextPageError ? (
        <Failed text={failed} onRetry={() => void query.fetchNextPage()} />
      ) : none && query.isError ? (
        <Failed text={failed} onRetry={() => void query.refetch()} />
      ) : (
        query.hasNextPage && (
          <Button
            variant="default"
            mt="md"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            {more}
          </Button>
        )
      )}
    </>
  );
}
