import { QueryClient } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { applyBalance, applyProgress, type Progression, progressed } from './events';
import type { Balance } from './moneyTypes';
import { progressKey, queries } from './queries';
import type { Session } from './types';

const step = (image: number, n: number, preview?: string) => ({
  id: 'g',
  image,
  images: 2,
  step: n,
  steps: 10,
  fraction: (image + n / 10) / 2,
  preview,
});

describe('progressed', () => {
  it('knows each picture by itself', () => {
    const p = progressed(progressed(undefined, step(0, 10, 'one')), step(1, 5));
    expect(p.fraction).toBe(0.75);
    expect(p.pictures[0]).toEqual({ fraction: 1, preview: 'one' });
    expect(p.pictures[1]).toEqual({ fraction: 0.5, preview: undefined });
  });

  it('does not go back for a late message', () => {
    const p = progressed(progressed(undefined, step(0, 6)), step(0, 3));
    expect(p.fraction).toBe(0.3);
    expect(p.pictures[0]?.fraction).toBe(0.6);
  });

  it('keeps the last preview through messages without one', () => {
    const p = progressed(progressed(undefined, step(0, 4, 'look')), step(0, 5));
    expect(p.pictures[0]?.preview).toBe('look');
  });

  it('divides by one where no steps are told', () => {
    expect(progressed(undefined, { ...step(0, 0), steps: 0 }).pictures[0]?.fraction).toBe(0);
  });
});

describe('the cache', () => {
  it('holds the progress of each generation', () => {
    const client = new QueryClient();
    applyProgress(client, step(0, 5));
    expect(client.getQueryData<Progression>(progressKey('g'))?.fraction).toBe(0.25);
  });

  it('takes a new balance into the session', () => {
    const client = new QueryClient();
    const balance = { available_mt: 5 } as Balance;
    client.setQueryData(queries.session().queryKey, { balance: { available_mt: 9 } } as Session);
    applyBalance(client, balance);
    expect(client.getQueryData<Session>(queries.session().queryKey)?.balance.available_mt).toBe(5);
  });
});
