import type { GenerationRequest, Model, Quote } from '../src/api/types';

const side = { min: 32, max: 1536, step: 8, default: 512 };

const styles = [
  ['none', 'No style'],
  ['soft-3d', 'Soft 3D'],
  ['gradient', 'Gradient'],
  ['flat', 'Flat'],
  ['ink', 'Ink'],
  ['toon', 'Toon'],
  ['blob', 'Blob'],
  ['clean', 'Clean'],
  ['classic', 'Classic'],
  ['longshadow', 'Long shadow'],
  ['kawaii', 'Kawaii'],
  ['sticker', 'Sticker'],
  ['pixel', 'Pixel art'],
  ['blueprint', 'Blueprint'],
  ['neon', 'Neon'],
].map(([id = '', title = '']) => ({ id, title }));

export const house: Model = {
  id: '7b1f6a0e-2c55-4d7e-9a51-0d6f1b0a0001',
  name: 'tempera-image',
  title: 'Tempera Image',
  version: '0.1.0',
  description: 'The house model: stickers, icons and small scenes, drawn on this machine from open art.',
  preview: true,
  width: side,
  height: side,
  count: { min: 1, max: 8, step: 1, default: 1 },
  steps: { min: 4, max: 50, step: 1, default: 8 },
  guidance: { min: 1, max: 12, step: 0.1, default: 1 },
  adherence: { min: 0, max: 1, step: 0.05, default: 0.35 },
  max_prompt: 1500,
  styles,
  default_style: 'soft-3d',
  negative_prompt: true,
  transparent: true,
};

export const models: Model[] = [house];

/** The mock's price: 0.5 token a picture of 512×512 at 8 steps, in proportion. */
export function price(
  r: Required<Pick<GenerationRequest, 'width' | 'height' | 'count' | 'steps'>>,
  available_mt: number,
): Quote {
  const each = Math.ceil((500 * r.width * r.height * r.steps) / (512 * 512 * 8) / 10) * 10;
  const total_mt = each * r.count;
  return {
    total_mt,
    lines: [
      {
        text: `${r.count} ${r.count === 1 ? 'picture' : 'pictures'} of ${r.width}×${r.height}, ${r.steps} steps`,
        amount_mt: total_mt,
      },
    ],
    sheet_version: '2026-11-23',
    available_mt,
    enough: total_mt <= available_mt,
  };
}
