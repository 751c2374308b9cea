// Who used how much, months, and amounts as people type them: pure decisions over plain facts.
import type { UsageItem } from '../api/teamTypes';

export interface Bar {
  name: string;
  used_mt: number;
  /** Of the most, for the length of a bar. */
  fraction: number;
  here: boolean;
}

/** Sums items by a name, the most first. */
export function bars(items: UsageItem[], by: (item: UsageItem) => string): Bar[] {
  const sums = new Map<string, { used_mt: number; here: boolean }>();
  for (const item of items) {
    const sum = sums.get(by(item)) ?? { used_mt: 0, here: item.here };
    sum.used_mt += item.used_mt;
    sums.set(by(item), sum);
  }
  const most = Math.max(1, ...[...sums.values()].map((s) => s.used_mt));
  return [...sums]
    .map(([name, s]) => ({ name, ...s, fraction: s.used_mt / most }))
    .sort((a, b) => b.used_mt - a.used_mt || a.name.localeCompare(b.name));
}

/** "2026-11" of a moment, in UTC as limits count. */
export const monthOf = (at: Date) => at.toISOString().slice(0, 7);

export function addMonths(month: string, n: number): string {
  const [year = 0, m = 1] = month.split('-').map(Number);
  return monthOf(new Date(Date.UTC(year, m - 1 + n, 1)));
}

/** Reads tokens as typed into milli-tokens: null for nothing, NaN for what is no amount. */
export function parseTokens(text: string): number | null {
  const trimmed = text.trim().replaceAll(',', '');
  if (trimmed === '') return null;
  if (!/^\d{1,9}(\.\d{1,3})?$/.test(trimmed)) return Number.NaN;
  return Math.round(Number(trimmed) * 1000);
}
