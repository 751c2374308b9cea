import { Button, Skeleton } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { flatten } from '../api/patch';
import { queries } from '../api/queries';
import { useHidden } from './deletion';
import { GroupList } from './GroupList';
import classes from './gallery.module.css';
import { layoutGroup } from './layout';

/** Everything made so far, newest first. */
export function Gallery({ empty }: { empty: ReactNode }) {
  const { t } = useTranslation();
  const { ref, width } = useElementSize();
  const hidden = useHidden();
  const query = useInfiniteQuery(queries.generations());
  const groups = useMemo(() => flatten(query.data).filter((g) => !hidden.has(g.id)), [query.data, hidden]);

  return (
    <div ref={ref} className={classes.gallery}>
      {query.isPending ? (
        <Loading width={width} />
      ) : query.isError && groups.length === 0 ? (
        <div className={classes.notice} role="alert">
          <p>{t('gallery.failed_to_load')}</p>
          <Button variant="default" onClick={() => void query.refetch()}>
            {t('common.retry')}
          </Button>
        </div>
      ) : groups.length === 0 && !query.hasNextPage ? (
        empty
      ) : (
        width > 0 && (
          <GroupList
            groups={groups}
            width={width}
            more={query.hasNextPage}
            loadingMore={query.isFetchingNextPage}
            failedMore={query.isFetchNextPageError}
            onMore={() => void query.fetchNextPage()}
          />
        )
      )}
    </div>
  );
}

function Loading({ width }: { width: number }) {
  const { t } = useTranslation();
  if (!width) return null;
  const l = layoutGroup(width, 4, 1);
  return (
    <div role="status" aria-label={t('gallery.loading')}>
      {[0, 1].map((row) => (
        <div
          key={row}
          className={classes.tiles}
          style={{ gridTemplateColumns: `repeat(${l.columns}, ${l.tileWidth}px)`, marginBottom: 36 }}
        >
          {[0, 1, 2, 3].map((i) => (
            <Skeleton key={i} height={l.tileHeight} radius={14} />
          ))}
        </div>
      ))}
    </div>
  );
}
