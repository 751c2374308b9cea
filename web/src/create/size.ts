// Sizes: presets of about the same area as the model's own picture, and the rules for typed ones.
import type { Model, Range } from '../api/types';

export interface Size {
  width: number;
  height: number;
}

export interface Ratio {
  label: string;
  w: number;
  h: number;
}

export const ratios: Ratio[] = [
  { label: '1:1', w: 1, h: 1 },
  { label: '3:2', w: 3, h: 2 },
  { label: '16:9', w: 16, h: 9 },
  { label: '9:16', w: 9, h: 16 },
  { label: '4:5', w: 4, h: 5 },
];

type Sides = Pick<Model, 'width' | 'height'>;

const snap = (value: number, r: Range) => {
  const step = r.step || 1;
  return Math.min(
    Math.floor(r.max / step) * step,
    Math.max(Math.ceil(r.min / step) * step, Math.round(value / step) * step),
  );
};

/** A size of this ratio with the area of the model's default, made smaller as a whole where a side would be too long. */
export function presetSize(ratio: Ratio, sides: Sides): Size {
  const area = sides.width.default * sides.height.default;
  let width = Math.sqrt((area * ratio.w) / ratio.h);
  let height = area / width;
  const shrink = Math.min(1, sides.width.max / width, sides.height.max / height);
  width *= shrink;
  height *= shrink;
  return { width: snap(width, sides.width), height: snap(height, sides.height) };
}

/** The preset a size came from, or undefined for a custom one. */
export function presetOf(size: Size, sides: Sides): Ratio | undefined {
  return ratios.find((r) => {
    const p = presetSize(r, sides);
    return p.width === size.width && p.height === size.height;
  });
}

export type SideFault = 'not_a_number' | 'too_small' | 'too_large' | 'off_step';

/** What is wrong with one typed side, or null. */
export function checkSide(value: number, range: Range): SideFault | null {
  if (!Number.isInteger(value)) return 'not_a_number';
  if (value < range.min) return 'too_small';
  if (value > range.max) return 'too_large';
  return range.step > 1 && value % range.step !== 0 ? 'off_step' : null;
}

export const sizeIsGood = (size: Size, sides: Sides) =>
  checkSide(size.width, sides.width) === null && checkSide(size.height, sides.height) === null;

/** The name of a shape: its preset if it has one, else the reduced ratio where that is short, else nothing. */
export function shapeName(size: Size, sides: Sides): string {
  const preset = presetOf(size, sides);
  if (preset) return preset.label;
  const gcd = (a: number, b: number): number => (b ? gcd(b, a % b) : a);
  const d = gcd(size.width, size.height) || 1;
  const [w, h] = [size.width / d, size.height / d];
  return w <= 32 && h <= 32 ? `${w}:${h}` : '';
}
