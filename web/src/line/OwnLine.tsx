import { lazy, Suspense } from 'react';
import { useLine } from '../api/queries';

const Strip = lazy(() => import('./Strip').then((m) => ({ default: m.Strip })));

/** One's own part of the line, above the gallery. Quiet: not there without a reason, and not loaded before. */
export function OwnLine() {
  const line = useLine().data;
  if (!line || (!line.paused && !line.stopped && line.running + line.waiting + line.kept < 2)) return null;
  return (
    <Suspense>
      <Strip line={line} />
    </Suspense>
  );
}
