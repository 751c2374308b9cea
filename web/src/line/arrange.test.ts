import { describe, expect, it } from 'vitest';
import type { Generation } from '../api/types';
import { before, moved, rowsOf } from './arrange';

const g = (id: string, lane: 'fast' | 'relaxed' = 'fast', team_id: string | null = null) =>
  ({ id, lane, team_id }) as Generation;
const ids = (items: Generation[]) => items.map((x) => x.id).join('');

describe('a dragged row', () => {
  const rows = [g('a'), g('b'), g('c'), g('d')];

  it.each([
    ['d', 'b', 'adbc', 'b'],
    ['a', 'c', 'bcad', 'd'],
    ['b', 'd', 'acdb', ''],
    ['c', 'a', 'cabd', 'a'],
    ['b', 'b', 'abcd', 'c'],
    ['b', 'x', 'abcd', 'c'],
  ])('%s over %s gives %s', (id, over, want, next) => {
    const now = moved(rows, id, over);
    expect(ids(now)).toBe(want);
    expect(before(now, id)).toBe(next);
    expect(ids(rows)).toBe('abcd');
  });
});

it('keeps lanes and wallets apart, each in its order', () => {
  const rows = rowsOf([g('a'), g('b', 'relaxed'), g('c', 'fast', 't'), g('d'), g('e', 'relaxed')]);
  expect(rows.map((r) => [r.key, ids(r.items)])).toEqual([
    ['fast/', 'ad'],
    ['relaxed/', 'be'],
    ['fast/t', 'c'],
  ]);
});
