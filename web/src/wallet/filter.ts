// What stands in the filter's fields, and the filter it makes. Days are the reader's own; the server gets moments.
import type { JournalFilter, Unit } from '../api/moneyTypes';

export interface Fields {
  of: Unit;
  op: string;
  layer: string;
  model: string;
  generation: string;
  /** YYYY-MM-DD, both included; empty = open. */
  from: string;
  to: string;
}

export const noFields: Fields = {
  of: 'tokens',
  op: '',
  layer: '',
  model: '',
  generation: '',
  from: '',
  to: '',
};

/** The beginning of a day of the reader's, or undefined when that is no day. */
function begin(date: string, plus = 0): string | undefined {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  if (!m) return undefined;
  const at = new Date(Number(m[1]), Number(m[2]) - 1, Number(m[3]) + plus);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

export function filterOf(f: Fields): JournalFilter {
  const filter: JournalFilter = {};
  if (f.of !== 'tokens') filter.of = f.of;
  if (f.op) filter.op = f.op;
  if (f.layer) filter.layer = f.layer;
  if (f.model) filter.model = f.model;
  if (f.generation.trim()) filter.generation = f.generation.trim();
  const from = begin(f.from);
  const to = begin(f.to, 1); // the day itself is included
  if (from) filter.from = from;
  if (to) filter.to = to;
  return filter;
}

/** How many of the fields that can be folded away are in use. */
export const inUse = (f: Fields) =>
  [f.op, f.layer, f.model, f.generation, f.from, f.to].filter(Boolean).length;
