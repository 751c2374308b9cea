// How events and answers change what is on the screen: pure functions over the cached pages of generations.
import type { InfiniteData } from '@tanstack/react-query';
import type { Expected, Generation, GenerationState, Page, Place } from './types';

export type Generations = InfiniteData<Page<Generation>>;

const rank: Record<GenerationState, number> = {
  waiting: 0,
  running: 1,
  complete: 2,
  failed: 2,
  cancelled: 2,
};

export const isFinal = (g: Pick<Generation, 'state'>) => rank[g.state] === 2;

/** A tile drawn before the server answered; its id is ours and never leaves the browser. */
export const isLocal = (g: Pick<Generation, 'id'>) => g.id.startsWith('local-');

/**
 * Says which of two accounts of one generation to believe: a state never goes back, equal states take the newer. What is
 * final stays the object it was, so that its pictures keep their addresses and are not loaded again.
 */
export function later(known: Generation, told: Generation): Generation {
  return isFinal(known) || rank[told.state] < rank[known.state] ? known : told;
}

export function flatten(data: Generations | undefined): Generation[] {
  return data?.pages.flatMap((p) => p.items) ?? [];
}

function mapItems(data: Generations, change: (items: Generation[]) => Generation[]): Generations {
  return { ...data, pages: data.pages.map((p) => ({ ...p, items: change(p.items) })) };
}

/**
 * Puts a generation where it belongs: over the one with its id; else over the optimistic tile that asked for it; else
 * at its time among the newest. One older than everything loaded is left for the page it is on.
 */
export function upsert(data: Generations | undefined, told: Generation): Generations | undefined {
  const first = data?.pages[0];
  if (!data || !first) return data;
  if (data.pages.some((p) => p.items.some((g) => g.id === told.id)))
    return mapItems(data, (items) => items.map((g) => (g.id === told.id ? later(g, told) : g)));
  const twin = isFinal(told) ? undefined : flatten(data).find((g) => isLocal(g) && sameWish(g, told));
  if (twin) return mapItems(data, (items) => items.map((g) => (g.id === twin.id ? told : g)));
  const index = first.items.findIndex((g) => g.created_at <= told.created_at);
  if (index < 0 && first.next) return data;
  const items = first.items.slice();
  items.splice(index < 0 ? items.length : index, 0, told);
  return { ...data, pages: [{ ...first, items }, ...data.pages.slice(1)] };
}

function sameWish(a: Generation, b: Generation): boolean {
  return a.prompt === b.prompt && a.width === b.width && a.height === b.height && a.count === b.count;
}

/** Puts an optimistic tile on top of what is loaded; before that there is no list to put it on. */
export function prepend(data: Generations | undefined, g: Generation): Generations | undefined {
  const first = data?.pages[0];
  if (!data || !first) return data;
  return { ...data, pages: [{ ...first, items: [g, ...first.items] }, ...data.pages.slice(1)] };
}

/** Swaps an optimistic tile for the server's generation, which an event may already have brought. */
export function settle(
  data: Generations | undefined,
  localId: string,
  told: Generation,
): Generations | undefined {
  if (!data) return data;
  const here = flatten(data).some((g) => g.id === told.id);
  if (here) return upsert(remove(data, localId), told);
  if (flatten(data).some((g) => g.id === localId))
    return mapItems(data, (items) => items.map((g) => (g.id === localId ? told : g)));
  return upsert(data, told);
}

const sameWait = (a: Expected | null, b: Expected | null) =>
  a === b || (a?.at === b?.at && a?.low === b?.low && a?.high === b?.high);

const sameLoading = (a: Place['loading'], b: Place['loading']) =>
  (a ?? null) === (b ?? null) || (a?.done_bytes === b?.done_bytes && a?.ready_at === b?.ready_at);

/** What was told of a place, laid over a generation; the very object when that says nothing new, or it waits no more. */
export function placed(g: Generation, told: Place): Generation {
  const known =
    g.position === told.position &&
    g.paused === told.paused &&
    g.stopped === told.stopped &&
    sameWait(g.starts, told.starts) &&
    sameLoading(g.loading, told.loading);
  if (known || g.state !== 'waiting') return g;
  const { position, starts, paused, stopped, loading } = told;
  return { ...g, position, starts, paused, stopped, loading };
}

/** Lays places over what is loaded; pages on which nothing changes stay the objects they were. */
export function place(data: Generations | undefined, told: Place[]): Generations | undefined {
  if (!data) return data;
  const byId = new Map(told.map((p) => [p.id, p]));
  let any = false;
  const pages = data.pages.map((page) => {
    let here = false;
    const items = page.items.map((g) => {
      const p = byId.get(g.id);
      const now = p ? placed(g, p) : g;
      here ||= now !== g;
      return now;
    });
    any ||= here;
    return here ? { ...page, items } : page;
  });
  return any ? { ...data, pages } : data;
}

export function remove(data: Generations | undefined, id: string): Generations | undefined {
  return data && mapItems(data, (items) => items.filter((g) => g.id !== id));
}

/** Changes one generation in place, if it is loaded. */
export function amend(
  data: Generations | undefined,
  id: string,
  change: Partial<Generation>,
): Generations | undefined {
  return data && mapItems(data, (items) => items.map((g) => (g.id === id ? { ...g, ...change } : g)));
}
