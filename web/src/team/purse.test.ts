import { expect, it } from 'vitest';
import type { Balance } from '../api/moneyTypes';
import type { UsageItem } from '../api/teamTypes';
import { purse } from './purse';
import { addMonths, bars, monthOf, parseTokens } from './usage';

const balance = (available_mt: number): Balance => ({
  available_mt,
  held_mt: 0,
  layers: [],
  renews_at: null,
  daily_mt: 0,
  monthly_mt: 0,
});

it('spends the pool, but not beyond the limit', () => {
  const team = (pool: number, limit_mt: number | null, used_mt: number) =>
    purse({ balance: balance(pool), limit_mt, used_mt });
  expect(team(9000, null, 5000)).toEqual({ available_mt: 9000, limited: false });
  expect(team(9000, 6000, 5000)).toEqual({ available_mt: 1000, limited: true });
  expect(team(500, 6000, 5000)).toEqual({ available_mt: 500, limited: false });
  expect(team(9000, 4000, 5000)).toEqual({ available_mt: 0, limited: true });
  expect(team(9000, 0, 0)).toEqual({ available_mt: 0, limited: true });
});

it('sums what was used, the most first', () => {
  const item = (email: string, model: string, used_mt: number, here = true): UsageItem => ({
    account_id: email,
    email,
    here,
    model,
    generations: 1,
    used_mt,
  });
  const items = [item('ada', 'm', 1000), item('bob', 'm', 3000, false), item('ada', 'n', 500)];
  expect(bars(items, (i) => i.email)).toEqual([
    { name: 'bob', used_mt: 3000, here: false, fraction: 1 },
    { name: 'ada', used_mt: 1500, here: true, fraction: 0.5 },
  ]);
  expect(bars(items, (i) => i.model).map((b) => [b.name, b.used_mt])).toEqual([
    ['m', 4000],
    ['n', 500],
  ]);
  expect(bars([], (i) => i.email)).toEqual([]);
});

it('counts months in UTC', () => {
  expect(monthOf(new Date('2026-11-30T23:59:59Z'))).toBe('2026-11');
  expect(addMonths('2026-01', -1)).toBe('2025-12');
  expect(addMonths('2026-12', 1)).toBe('2027-01');
});

it('reads tokens as they are typed', () => {
  expect(parseTokens('')).toBeNull();
  expect(parseTokens(' 1,500 ')).toBe(1_500_000);
  expect(parseTokens('0')).toBe(0);
  expect(parseTokens('2.5')).toBe(2500);
  for (const wrong of ['-1', 'x', '1.2345', '1e3', '.', '9999999999']) expect(parseTokens(wrong)).toBeNaN();
});
