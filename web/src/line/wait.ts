// How a wait is said: roughly, because it is foretold. Pure; the words themselves are in the catalogue.
import type { Expected } from '../api/types';

/** A time ahead as people say it. */
export interface Rough {
  unit: 'moments' | 'seconds' | 'minutes' | 'hours';
  count: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Below ten seconds nobody counts; then tens of seconds, minutes, and half hours. */
export function rough(ms: number): Rough {
  if (ms < 10 * SECOND) return { unit: 'moments', count: 0 };
  if (ms < 85 * SECOND) return { unit: 'seconds', count: Math.round(ms / (10 * SECOND)) * 10 };
  if (ms < 90 * MINUTE) return { unit: 'minutes', count: Math.round(ms / MINUTE) };
  return { unit: 'hours', count: Math.round((2 * ms) / HOUR) / 2 };
}

export interface Wait {
  about: Rough;
  low: Rough;
  high: Rough;
}

/** What is left of a foretold wait at a moment. */
export function left(expected: Expected, now: number): Wait {
  const from = (iso: string) => rough(Date.parse(iso) - now);
  return { about: from(expected.at), low: from(expected.low), high: from(expected.high) };
}

/** "between 1 and 4 min" where both are said in one unit. */
export const oneUnit = (w: Wait) => w.low.unit === w.high.unit;
