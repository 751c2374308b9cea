import { describe, expect, it } from 'vitest';
import { shares } from './layers';

const layer = (kind: 'daily' | 'topup', available_mt: number) => ({ kind, available_mt, expires_at: null });

describe('the picture of the purse', () => {
  it('shows each layer by its part, and what waits last', () => {
    const all = shares({ layers: [layer('daily', 100), layer('topup', 200)], held_mt: 50, frozen_mt: 50 });
    expect(all.map((s) => [s.kind, s.fraction, s.waiting])).toEqual([
      ['daily', 0.25, false],
      ['topup', 0.5, false],
      ['bank', 0.25, true],
    ]);
  });

  it('leaves out what is empty', () =>
    expect(shares({ layers: [layer('daily', 0), layer('topup', 5)], held_mt: 0 })).toHaveLength(1));

  it('is empty for an empty purse', () => expect(shares({ layers: [], held_mt: 0 })).toEqual([]));
});
