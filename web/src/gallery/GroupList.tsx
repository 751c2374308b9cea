import { Button, Skeleton } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isFinal, isLocal } from '../api/patch';
import type { Generation } from '../api/types';
import { Group } from './Group';
import classes from './gallery.module.css';
import { type Arrow, layoutGroup, moveSpot, type Spot } from './layout';
import { useKeptPlace } from './place';
import { useGroupActions } from './useGroupActions';
import { useWatchUnfinished } from './useWatchUnfinished';

interface Props {
  groups: Generation[];
  width: number;
  more: boolean;
  loadingMore: boolean;
  failedMore: boolean;
  onMore: () => void;
}

const arrows = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']);

/** The groups as one long list of which only what is near is drawn; one tile at a time takes the focus. */
export function GroupList({ groups, width, more, loadingMore, failedMore, onMore }: Props) {
  const { t } = useTranslation();
  const list = useRef<HTMLDivElement>(null);
  const [spot, setSpot] = useState<Spot>({ group: 0, tile: 0 });
  const [offset, setOffset] = useState(0);
  const actions = useGroupActions();
  useWatchUnfinished(groups);
  const kept = useKeptPlace();

  const layouts = useMemo(
    () => groups.map((g) => layoutGroup(width, g.count, g.width / g.height)),
    [groups, width],
  );
  // What stands above comes and goes; setting the same number again draws nothing.
  useLayoutEffect(() => setOffset(list.current?.offsetTop ?? 0));

  const virtual = useWindowVirtualizer({
    count: groups.length,
    estimateSize: (i) => layouts[i]?.height ?? 300,
    getItemKey: (i) => groups[i]?.id ?? i,
    overscan: 3,
    initialOffset: kept, // the list scrolls there itself when it mounts
    scrollMargin: offset,
    scrollPaddingStart: 190,
    scrollPaddingEnd: 60,
  });
  // Sizes are computed, not measured: when they change, what the list remembers is wrong.
  // biome-ignore lint/correctness/useExhaustiveDependencies: layouts is the reason to measure again
  useLayoutEffect(() => virtual.measure(), [layouts]);

  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (more && !loadingMore && !failedMore && last >= groups.length - 3) onMore();
  }, [more, loadingMore, failedMore, last, groups.length, onMore]);

  useHotkeys([['shift+X', () => cancelNewest()]]);

  const focusSpot = (next: Spot) => {
    setSpot(next);
    const id = groups[next.group]?.id;
    const find = () => list.current?.querySelector<HTMLElement>(`[data-tile="${id}:${next.tile}"]`);
    const tile = find();
    if (tile) {
      tile.focus({ preventScroll: true });
      tile.scrollIntoView({ block: 'nearest', behavior: 'auto' });
      return;
    }
    virtual.scrollToIndex(next.group, { align: 'auto' });
    requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus({ preventScroll: true })));
  };

  const keys = (e: KeyboardEvent) => {
    const target = (e.target as HTMLElement).closest<HTMLElement>('[data-tile]');
    if (!target || e.altKey || e.ctrlKey || e.metaKey) return;
    if (arrows.has(e.key)) {
      e.preventDefault();
      const next = moveSpot(
        groups.map((g) => g.count),
        layouts.map((l) => l.columns),
        spot,
        e.key as Arrow,
      );
      if (next) focusSpot(next);
    }
    if (e.key === 'Delete' || e.key === 'Backspace') {
      const g = groups[spot.group];
      if (g) {
        e.preventDefault();
        actions.remove(g);
        const group = Math.min(spot.group, groups.length - 2);
        requestAnimationFrame(() => group >= 0 && focusSpot({ group, tile: 0 }));
      }
    }
  };

  function cancelNewest() {
    const g = groups.find((x) => !isFinal(x) && !isLocal(x));
    if (g) actions.cancel(g);
    else notifications.show({ message: t('gallery.nothing_to_cancel') });
  }

  return (
    <>
      <h2 className={classes.hidden}>{t('gallery.title')}</h2>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the tiles inside are gathered here */}
      <div
        ref={list}
        style={{ height: virtual.getTotalSize(), position: 'relative' }}
        onKeyDown={keys}
        data-testid="gallery"
      >
        {items.map((item) => {
          const g = groups[item.index];
          const layout = layouts[item.index];
          if (!g || !layout) return null;
          return (
            <div
              key={item.key}
              className={classes.row}
              style={{
                transform: `translateY(${item.start - virtual.options.scrollMargin}px)`,
                height: layout.height,
              }}
            >
              <Group
                g={g}
                layout={layout}
                width={width}
                focusTile={
                  spot.group === item.index
                    ? spot.tile
                    : spot.group >= groups.length && item.index === 0
                      ? 0
                      : null
                }
                onFocusTile={(tile) => setSpot({ group: item.index, tile })}
                actions={actions}
              />
            </div>
          );
        })}
      </div>
      {loadingMore && <Skeleton height={160} radius={14} />}
      {failedMore && !loadingMore && (
        <div className={classes.notice} role="alert">
          <p>{t('gallery.failed_to_load_more')}</p>
          <Button variant="default" onClick={onMore}>
            {t('common.retry')}
          </Button>
        </div>
      )}
    </>
  );
}
