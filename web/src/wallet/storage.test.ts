import type { TFunction } from 'i18next';
import { expect, test } from 'vitest';
import { storageFacts } from './storage';

const words = ((key: string, values?: Record<string, unknown>) =>
  values ? `${key} ${Object.values(values).join(' ')}` : key) as unknown as TFunction;

test('what is kept is told, with its bounds where there are some', () => {
  expect(storageFacts(undefined, words)).toEqual([]);
  const free = { pictures: 3, bytes: 1_500_000, allowed_bytes: null, keep_days: null };
  expect(storageFacts(free, words)).toEqual([['wallet.kept', '1.5 MB']]);
  const bound = storageFacts({ ...free, allowed_bytes: 2_000_000, keep_days: 30 }, words);
  expect(bound[0]).toEqual(['wallet.kept', 'wallet.kept_of 1.5 MB 2.0 MB']);
  expect(bound[1]?.[0]).toBe('wallet.kept_for');
  expect(bound[1]?.[1]).toContain('30');
});
