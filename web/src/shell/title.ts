import { useInfiniteQuery, useQueries } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Progression } from '../api/events';
import { flatten, isFinal } from '../api/patch';
import { progressKey, queries } from '../api/queries';

let pageName = '';
const listeners = new Set<() => void>();

/** Names the page in the browser's title while it is shown. */
export function usePageTitle(name: string): void {
  useEffect(() => {
    pageName = name;
    for (const tell of listeners) tell();
  }, [name]);
}

/** "42 % · Create · Bottega" while something runs. */
export function titleOf(page: string, running: number, fraction: number): string {
  const parts = [page, 'Bottega'].filter(Boolean);
  if (running > 0) parts.unshift(fraction > 0 ? `${Math.floor(fraction * 100)} %` : '…');
  return parts.join(' · ');
}

/** Keeps the title telling how far the running work is: the mean over everything unfinished. */
export function useRunningTitle(): void {
  const [, redraw] = useState(0);
  useEffect(() => {
    const tell = () => redraw((n) => n + 1);
    listeners.add(tell);
    return () => void listeners.delete(tell);
  }, []);
  const { data } = useInfiniteQuery({ ...queries.generations(), enabled: false });
  const running = flatten(data).filter((g) => !isFinal(g));
  const fraction = useQueries({
    queries: running.map((g) => ({
      queryKey: progressKey(g.id),
      queryFn: () => Promise.reject<Progression>(),
      enabled: false,
    })),
    combine: (all) => all.reduce((sum, p) => sum + (p.data?.fraction ?? 0), 0) / (all.length || 1),
  });
  const title = titleOf(pageName, running.length, fraction);
  useEffect(() => {
    document.title = title;
  }, [title]);
}
