import { describe, expect, it } from 'vitest';
import { buyable, priceOf } from './tariff';

const list = {
  tiers: [
    { up_to_mt: 5_000_000, thousand_micros: 1_800_000 },
    { up_to_mt: 25_000_000, thousand_micros: 1_500_000 },
    { up_to_mt: 0, thousand_micros: 1_200_000 },
  ],
  step_mt: 1_000_000,
  least_mt: 1_000_000,
  most_mt: 5_000_000_000,
};

describe('the tariff', () => {
  it.each([
    [1_000_000, 1_800_000],
    [5_000_000, 9_000_000],
    [15_000_000, 24_000_000],
    [50_000_000, 69_000_000],
  ])('%d costs %d', (amount, price) => expect(priceOf(list, amount)).toBe(price));

  it('sells whole thousands only', () => {
    expect(buyable(list, 3_000_000)).toBe(true);
    expect(buyable(list, 3_500_000)).toBe(false);
    expect(buyable(list, 0)).toBe(false);
    expect(buyable(list, 6_000_000_000)).toBe(false);
  });
});
