import manifest from '../../tempera/weights/manifest.json' with { type: 'json' };
import type { GenerationRequest, Model, Quote } from '../src/api/types';

const side = { min: 32, max: 1536, step: 8, default: 512 };

// As the server lists them: from the prompt, what the weights know, and none.
const titles: Record<string, string> = manifest.style_titles;
const styles = [
  { id: 'auto', title: 'From the prompt' },
  ...manifest.styles.filter((id) => id !== 'none').map((id) => ({ id, title: titles[id] ?? id })),
  { id: 'none', title: 'No style' },
];

export const house: Model = {
  id: '7b1f6a0e-2c55-4d7e-9a51-0d6f1b0a0001',
  name: 'tempera-image',
  title: 'Tempera Image',
  version: manifest.version,
  description: 'The house model: stickers, icons and small scenes, drawn on this machine from open art.',
  preview: manifest.preview,
  width: side,
  height: side,
  count: { min: 1, max: 8, step: 1, default: 1 },
  steps: { min: 4, max: 50, step: 1, default: manifest.defaults.steps },
  guidance: { min: 1, max: 12, step: 0.1, default: manifest.defaults.guidance },
  adherence: { min: 0, max: 1, step: 0.05, default: manifest.defaults.adherence },
  max_prompt: 1500,
  styles,
  default_style: 'auto',
  negative_prompt: true,
  transparent: true,
  strength: { min: 0, max: 1, step: 0.05, default: 0.6 },
  masks: true,
  erase: true,
  references: (['style', 'content', 'character', 'edge'] as const).map((kind) => ({
    kind,
    strength: { min: 0, max: 1, step: 0.05, default: 0.6 },
  })),
  max_references: 4,
  max_boxes: 8,
  tile: true,
  qualities: [
    { id: 'standard', title: 'Standard', steps: 8 },
    { id: 'draft', title: 'Draft', steps: 4 },
    { id: 'best', title: 'Best', steps: 16 },
  ],
};

export const models: Model[] = [house];

/** The mock's price: 0.5 token a picture of 512×512 at 8 steps, in proportion; references and tiles a little more. */
export function price(
  r: Required<Pick<GenerationRequest, 'width' | 'height' | 'count' | 'steps'>> &
    Pick<GenerationRequest, 'references' | 'tile'>,
  available_mt: number,
): Quote {
  const each = Math.ceil((500 * r.width * r.height * r.steps) / (512 * 512 * 8) / 10) * 10;
  const looks = r.references?.length ?? 0;
  const lines = [
    {
      text: `${r.count} ${r.count === 1 ? 'picture' : 'pictures'} of ${r.width}×${r.height}, ${r.steps} steps`,
      amount_mt: each * r.count,
    },
    { text: looks === 1 ? '1 reference' : `${looks} references`, amount_mt: 100 * looks * r.count },
    { text: 'seamless tile', amount_mt: r.tile ? 100 * r.count : 0 },
  ].filter((line, i) => i === 0 || line.amount_mt > 0);
  const total_mt = lines.reduce((sum, line) => sum + line.amount_mt, 0);
  return {
    total_mt,
    lines,
    sheet_version: 3,
    available_mt,
    enough: total_mt <= available_mt,
  };
}
