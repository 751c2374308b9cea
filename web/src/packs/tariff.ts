import type { PackList } from '../api/moneyTypes';

/** What an amount of one's own costs: the sum over the tiers, rounded up to the cent, as the server counts it. */
export function priceOf(list: Pick<PackList, 'tiers' | 'step_mt'>, amount_mt: number): number {
  let sum = 0;
  let below = 0;
  for (const tier of list.tiers) {
    const upTo = tier.up_to_mt > 0 ? Math.min(amount_mt, tier.up_to_mt) : amount_mt;
    if (upTo > below) {
      sum += ((upTo - below) / list.step_mt) * tier.thousand_micros;
      below = upTo;
    }
  }
  return Math.ceil(sum / 10_000) * 10_000;
}

/** Whether an amount can be bought: within the bounds and a whole number of steps. */
export const buyable = (list: Pick<PackList, 'least_mt' | 'most_mt' | 'step_mt'>, amount_mt: number) =>
  amount_mt >= list.least_mt && amount_mt <= list.most_mt && amount_mt % list.step_mt === 0;
