// How far a picture grows on each side: pure numbers.
import type { Expansion, Range } from '../api/types';

export type Side = 'left' | 'top' | 'right' | 'bottom';
export const sides: Side[] = ['top', 'right', 'bottom', 'left'];

interface Frame {
  width: number;
  height: number;
}

const across = (side: Side) => side === 'left' || side === 'right';
const opposite: Record<Side, Side> = { left: 'right', right: 'left', top: 'bottom', bottom: 'top' };

/** The most a side may grow, given the others. */
export function most(side: Side, e: Expansion, picture: Frame, range: Range): number {
  const own = across(side) ? picture.width : picture.height;
  return Math.max(0, range.max - own - (e[opposite[side]] ?? 0));
}

/** Sets a side, within what the model can draw. */
export function stretch(e: Expansion, side: Side, pixels: number, picture: Frame, range: Range): Expansion {
  const wanted = Number.isFinite(pixels) ? Math.round(pixels) : 0;
  return { ...e, [side]: Math.min(most(side, e, picture, range), Math.max(0, wanted)) };
}

export const grown = (e: Expansion, picture: Frame): Frame => ({
  width: picture.width + (e.left ?? 0) + (e.right ?? 0),
  height: picture.height + (e.top ?? 0) + (e.bottom ?? 0),
});

export const growsAtAll = (e: Expansion) => sides.some((s) => (e[s] ?? 0) > 0);

/** The even growth that brings a picture to a shape, within the model's range. */
export function toRatio(w: number, h: number, picture: Frame, range: Range): Expansion {
  const wide = Math.max(picture.width, Math.round((picture.height * w) / h));
  const high = Math.max(picture.height, Math.round((picture.width * h) / w));
  const dx = Math.min(range.max, wide) - picture.width;
  const dy = Math.min(range.max, high) - picture.height;
  const half = (n: number): [number, number] => [
    Math.floor(Math.max(0, n) / 2),
    Math.ceil(Math.max(0, n) / 2),
  ];
  const [left, right] = half(dx);
  const [top, bottom] = half(dy);
  return { left, top, right, bottom };
}
