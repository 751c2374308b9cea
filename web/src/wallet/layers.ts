import type { Layer } from '../api/types';

/** The order tokens are spent in is the server's; colours belong to the kind. Each passes 3 : 1 on both grounds. */
export const layerColour: Record<Layer['kind'], string> = {
  daily: '#c4421f',
  plan: '#2f7f8a',
  bank: '#b0852a',
  topup: '#7d5ba6',
  promo: '#5f8a3c',
  team: '#3d6fb4',
};

export interface Share {
  layer: Layer;
  fraction: number;
}

/** What part of the purse each layer is; empty layers have none and are left out of the bar. */
export function shares(layers: Layer[]): Share[] {
  const total = layers.reduce((sum, l) => sum + Math.max(0, l.available_mt), 0);
  if (total <= 0) return [];
  return layers
    .filter((l) => l.available_mt > 0)
    .map((layer) => ({ layer, fraction: layer.available_mt / total }));
}
