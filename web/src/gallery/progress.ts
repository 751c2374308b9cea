import type { Progression } from '../api/events';
import { isLocal } from '../api/patch';
import type { Generation } from '../api/types';

export interface TileProgress {
  stage: 'sending' | 'queued' | 'next' | 'drawing' | 'finishing';
  /** Of this picture, 0 to 1. */
  fraction: number;
  preview?: string;
}

/** What one tile of an unfinished batch shows; pictures may come one after the other or side by side. */
export function tileProgress(
  g: Pick<Generation, 'id' | 'state'>,
  index: number,
  progress: Progression | undefined,
): TileProgress {
  if (isLocal(g)) return { stage: 'sending', fraction: 0 };
  if (g.state === 'waiting') return { stage: 'queued', fraction: 0 };
  const mine = progress?.pictures[index];
  if (!mine) return { stage: index === 0 ? 'queued' : 'next', fraction: 0 };
  const stage = mine.fraction >= 1 ? 'finishing' : 'drawing';
  return { stage, fraction: Math.min(1, mine.fraction), preview: mine.preview };
}
