import type { Draft } from './draft';

export interface Starter {
  key: 'fox' | 'rocket' | 'cactus' | 'octopus' | 'apples' | 'castle';
  style: string;
  ratio: '1:1' | '3:2' | '16:9' | '9:16' | '4:5';
  transparent?: boolean;
}

/** First things to try: each shows another side of the house model. Their words are in the catalogue. */
export const starters: Starter[] = [
  { key: 'fox', style: 'soft-3d', ratio: '1:1' },
  { key: 'rocket', style: 'toon', ratio: '4:5' },
  { key: 'cactus', style: 'gradient', ratio: '3:2' },
  { key: 'octopus', style: 'kawaii', ratio: '1:1', transparent: true },
  { key: 'apples', style: 'flat', ratio: '1:1' },
  { key: 'castle', style: 'longshadow', ratio: '16:9' },
];

export type StarterDraft = Pick<Draft, 'prompt' | 'style' | 'transparent' | 'width' | 'height'>;
