// Where a dragged row goes, as the server wants it told. Pure.
import type { Generation } from '../api/types';

/** Rows that have an order among each other: one lane, one wallet. */
export interface Rows {
  key: string;
  lane: Generation['lane'];
  items: Generation[];
}

/** What waits, as the rows that can be moved within. */
export function rowsOf(waiting: Generation[]): Rows[] {
  const groups: Rows[] = [];
  for (const g of waiting) {
    const lane = g.lane ?? 'fast';
    const key = `${lane}/${g.team_id ?? ''}`;
    const known = groups.find((r) => r.key === key);
    if (known) known.items.push(g);
    else groups.push({ key, lane, items: [g] });
  }
  return groups;
}

/** The rows with one put where another is. */
export function moved(items: Generation[], id: string, over: string): Generation[] {
  const from = items.findIndex((g) => g.id === id);
  const to = items.findIndex((g) => g.id === over);
  if (from < 0 || to < 0 || from === to) return items;
  const next = items.slice();
  const [one] = next.splice(from, 1);
  if (one) next.splice(to, 0, one);
  return next;
}

/** What a row stands before: the id of the next one, or '' behind all. */
export function before(items: Generation[], id: string): string {
  const at = items.findIndex((g) => g.id === id);
  return items[at + 1]?.id ?? '';
}
