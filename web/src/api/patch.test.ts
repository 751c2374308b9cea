import { describe, expect, it } from 'vitest';
import { emptyShowing } from '../create/showing';
import { amend, flatten, type Generations, later, place, prepend, remove, settle, upsert } from './patch';
import type { Generation, Place } from './types';

let clock = 0;
function make(id: string, change: Partial<Generation> = {}): Generation {
  clock += 1;
  return {
    id,
    kind: 'image',
    state: 'waiting',
    position: 1,
    starts: null,
    paused: false,
    created_at: `2026-11-23T20:${String(clock).padStart(2, '0')}:00Z`,
    started_at: null,
    finished_at: null,
    prompt: 'a fox',
    negative_prompt: '',
    model: 'tempera-image',
    model_title: 'Tempera',
    style: 'flat',
    width: 512,
    height: 512,
    count: 4,
    seed: 1,
    steps: 12,
    guidance_scale: 2,
    adherence: 0.35,
    transparent: false,
    shown: emptyShowing,
    price_mt: 2000,
    charged_mt: 0,
    failure: null,
    images: [],
    ...change,
  };
}

const data = (...pages: Generation[][]): Generations => ({
  pages: pages.map((items, i) => ({ items, next: i < pages.length - 1 ? `p${i + 1}` : null })),
  pageParams: pages.map((_, i) => (i ? `p${i}` : null)),
});
const ids = (d: Generations | undefined) => flatten(d).map((g) => g.id);

describe('later', () => {
  it('never lets a state go back', () => {
    const running = make('a', { state: 'running' });
    expect(later(running, make('a', { state: 'waiting' }))).toBe(running);
  });

  it('takes the newer of two equal unfinished states', () => {
    const told = make('a', { position: 1 });
    expect(later(make('a', { position: 3 }), told)).toBe(told);
  });

  it('keeps what is final as it is, so that pictures are not loaded again', () => {
    const known = make('a', { state: 'complete' });
    expect(later(known, make('a', { state: 'complete' }))).toBe(known);
    expect(later(known, make('a', { state: 'failed' }))).toBe(known);
  });
});

describe('upsert', () => {
  it('changes a generation on any page in place', () => {
    const [b, a] = [make('b'), make('a')];
    const d = upsert(data([b], [a]), { ...a, state: 'running' });
    expect(ids(d)).toEqual(['b', 'a']);
    expect(flatten(d)[1]?.state).toBe('running');
  });

  it('puts a new one at its time among the newest', () => {
    const [a, b, c] = [make('a'), make('b'), make('c')];
    expect(ids(upsert(data([b, a]), c))).toEqual(['c', 'b', 'a']);
    expect(ids(upsert(data([c, a]), b))).toEqual(['c', 'b', 'a']);
  });

  it('leaves one older than the first page for the page it is on', () => {
    const [old, a, b] = [make('old'), make('a'), make('b')];
    expect(ids(upsert(data([b], [a]), old))).toEqual(['b', 'a']);
  });

  it('appends an older one when everything is loaded', () => {
    const [old, a] = [make('old'), make('a')];
    expect(ids(upsert(data([a]), old))).toEqual(['a', 'old']);
  });

  it('lays the first word of the server over the optimistic tile that asked', () => {
    const local = make('local-1');
    const told = make('real');
    expect(ids(upsert(data([local]), told))).toEqual(['real']);
  });

  it('does not take a finished stranger for the optimistic tile', () => {
    const local = make('local-1');
    expect(ids(upsert(data([local]), make('other', { state: 'complete' })))).toContain('local-1');
  });

  it('waits for a list before it puts anything on it', () => {
    expect(upsert(undefined, make('a'))).toBeUndefined();
    expect(prepend(undefined, make('a'))).toBeUndefined();
  });
});

describe('settle', () => {
  it('swaps the optimistic tile for the answer', () => {
    const told = make('real');
    expect(ids(settle(data([make('local-1'), make('a')]), 'local-1', told))).toEqual(['real', 'a']);
  });

  it('shows one tile when the event came before the answer', () => {
    const told = make('real');
    expect(ids(settle(data([told, make('local-1')]), 'local-1', told))).toEqual(['real']);
  });
});

describe('remove and amend', () => {
  it('take out and change one generation on whatever page', () => {
    const d = data([make('a')], [make('b')]);
    expect(ids(remove(d, 'b'))).toEqual(['a']);
    expect(flatten(amend(d, 'b', { state: 'failed' }))[1]?.state).toBe('failed');
  });
});

describe('place', () => {
  const at = (seconds: number) => new Date(Date.UTC(2026, 10, 23, 20, 0, seconds)).toISOString();
  const told = (id: string, position: number, seconds = 60): Place => ({
    id,
    position,
    starts: { at: at(seconds), low: at(seconds / 2), high: at(seconds * 2) },
    paused: false,
  });

  it('moves what waits, on whatever page, and leaves the other pages as they are', () => {
    const d = data([make('a')], [make('b'), make('c')]);
    const now = place(d, [told('b', 2), told('c', 1)]);
    expect(flatten(now).map((g) => g.position)).toEqual([1, 2, 1]);
    expect(flatten(now)[1]?.starts?.at).toBe(at(60));
    expect(now?.pages[0]).toBe(d.pages[0]);
  });

  it('says nothing of what runs already: the place was told late', () => {
    const d = data([make('a', { state: 'running', position: 0 })]);
    expect(place(d, [told('a', 1)])).toBe(d);
  });

  it('is the very same list when nothing is new or nothing of it is loaded', () => {
    const d = place(data([make('a')]), [told('a', 3)]);
    expect(place(d, [told('a', 3), told('nowhere', 4)])).toBe(d);
    expect(place(undefined, [told('a', 3)])).toBeUndefined();
  });

  it('takes the place away from what is kept back, and gives it again', () => {
    const back = place(data([make('a')]), [{ id: 'a', position: 0, starts: null, paused: true }]);
    expect(flatten(back)[0]).toMatchObject({ position: 0, starts: null, paused: true });
    expect(flatten(place(back, [told('a', 1)]))[0]).toMatchObject({ position: 1, paused: false });
  });
});
