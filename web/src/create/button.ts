// What the Generate button says and whether it works: a pure decision over plain facts.
import type { Quote, Wait } from '../api/types';

export interface Facts {
  prompt: string;
  /** Erasing needs no words. */
  wordless?: boolean;
  maxPrompt: number;
  sizeGood: boolean;
  seedGood: boolean;
  online: boolean;
  modelReady: boolean;
  quote: Quote | undefined;
  /** True while the quote at hand is for other settings than those on the screen. */
  quoteStale: boolean;
  quoteFailed: boolean;
  /** Spendable now; newer than the quote when tokens came or went since. */
  available_mt: number;
}

export type ButtonState =
  | { kind: 'ready'; price_mt: number }
  /** Without tokens: it waits for room. */
  | { kind: 'relaxed'; price_mt: 0; wait: Wait | null }
  | { kind: 'short'; price_mt: number; missing_mt: number }
  | { kind: 'no_model' | 'offline' | 'bad_size' | 'bad_seed' | 'no_price' | 'pricing' }
  | { kind: 'no_prompt'; price_mt: number | null }
  | { kind: 'long_prompt'; over: number; price_mt: number | null };

/** First what one can mend oneself in reading order, then the price, then the purse. */
export function buttonState(f: Facts): ButtonState {
  if (!f.online) return { kind: 'offline' };
  if (!f.modelReady) return { kind: 'no_model' };
  if (!f.sizeGood) return { kind: 'bad_size' };
  if (!f.seedGood) return { kind: 'bad_seed' };
  const price = f.quote && !f.quoteStale ? f.quote.total_mt : null;
  const length = Array.from(f.prompt.trim()).length;
  if (length === 0 && !f.wordless) return { kind: 'no_prompt', price_mt: price };
  if (length > f.maxPrompt) return { kind: 'long_prompt', over: length - f.maxPrompt, price_mt: price };
  if (f.quoteFailed) return { kind: 'no_price' };
  if (price === null) return { kind: 'pricing' };
  const relaxed = f.quote?.alternatives?.find((a) => a.name === 'relaxed');
  if (price > f.available_mt && relaxed) return { kind: 'relaxed', price_mt: 0, wait: relaxed.wait ?? null };
  if (price > f.available_mt) return { kind: 'short', price_mt: price, missing_mt: price - f.available_mt };
  return { kind: 'ready', price_mt: price };
}

/** The most pictures the purse can pay when each costs the same; the server's quote has the last word. */
export function affordableCount(count: number, total_mt: number, available_mt: number): number {
  if (count <= 0 || total_mt <= 0) return 0;
  return Math.max(0, Math.min(count - 1, Math.floor((available_mt * count) / total_mt)));
}
