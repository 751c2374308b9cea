import { describe, expect, it } from 'vitest';
import { left, oneUnit, rough } from './wait';

describe('rough', () => {
  it.each([
    [-5000, 'moments', 0],
    [9999, 'moments', 0],
    [14_000, 'seconds', 10],
    [84_000, 'seconds', 80],
    [86_000, 'minutes', 1],
    [115_000, 'minutes', 2],
    [89 * 60_000, 'minutes', 89],
    [100 * 60_000, 'hours', 1.5],
    [5 * 3600_000, 'hours', 5],
  ])('says %i ms in %s', (ms, unit, count) => expect(rough(ms)).toEqual({ unit, count }));
});

describe('left', () => {
  const now = Date.UTC(2026, 10, 23);
  const at = (minutes: number) => new Date(now + minutes * 60_000).toISOString();

  it('counts down', () => {
    const starts = { at: at(4), low: at(2), high: at(9) };
    expect(left(starts, now).about.count).toBe(4);
    expect(left(starts, now + 2 * 60_000).about.count).toBe(2);
    expect(left(starts, now + 10 * 60_000).about.unit).toBe('moments');
  });

  it('knows when a range is said in one unit', () => {
    expect(oneUnit(left({ at: at(2), low: at(2), high: at(4) }, now))).toBe(true);
    expect(oneUnit(left({ at: at(2), low: at(0.5), high: at(4) }, now))).toBe(false);
  });
});
