import type { Balance, LayerKind } from '../api/moneyTypes';

/** The order tokens are spent in is the server's; colours belong to the kind. Each passes 3 : 1 on both grounds. */
export const layerColour: Record<LayerKind, string> = {
  daily: '#c4421f',
  plan: '#2f7f8a',
  bank: '#b0852a',
  topup: '#7d5ba6',
  promo: '#5f8a3c',
  team: '#3d6fb4',
  debt: '#b3261e',
};

export interface Share {
  key: string;
  kind: LayerKind;
  fraction: number;
  /** There, but not to be spent now: held for work, or a frozen bank. */
  waiting: boolean;
}

/** What part of the purse each layer is, then what waits; what is empty has none and is left out of the bar. */
export function shares(b: Pick<Balance, 'layers' | 'held_mt' | 'frozen_mt'>): Share[] {
  const waiting = (b.held_mt || 0) + (b.frozen_mt ?? 0);
  const total = b.layers.reduce((sum, l) => sum + Math.max(0, l.available_mt), 0) + waiting;
  if (total <= 0) return [];
  const parts: Share[] = b.layers
    .filter((l) => l.available_mt > 0)
    .map((l) => ({
      key: `${l.kind}-${l.expires_at}`,
      kind: l.kind,
      fraction: l.available_mt / total,
      waiting: false,
    }));
  if (waiting > 0) parts.push({ key: 'waiting', kind: 'bank', fraction: waiting / total, waiting: true });
  return parts;
}
