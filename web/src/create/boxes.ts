// Boxes that say what is where: plain data in fractions of the picture, and pure operations.
import type { Box } from '../api/types';

/** The smallest side of a box, as the server has it. */
export const MIN_SIDE = 1 / 32;

const clamp = (v: number, low: number, high: number) => Math.min(high, Math.max(low, v));
const tidy = (v: number) => Math.round(v * 1000) / 1000;

export interface Point {
  x: number;
  y: number;
}

/** The box between two corners, kept inside the picture and not too small. */
export function between(a: Point, b: Point): Omit<Box, 'prompt'> {
  const x = clamp(Math.min(a.x, b.x), 0, 1 - MIN_SIDE);
  const y = clamp(Math.min(a.y, b.y), 0, 1 - MIN_SIDE);
  const width = clamp(Math.abs(a.x - b.x), MIN_SIDE, 1 - x);
  const height = clamp(Math.abs(a.y - b.y), MIN_SIDE, 1 - y);
  return { x: tidy(x), y: tidy(y), width: tidy(width), height: tidy(height) };
}

export function move(box: Box, dx: number, dy: number): Box {
  return {
    ...box,
    x: tidy(clamp(box.x + dx, 0, 1 - box.width)),
    y: tidy(clamp(box.y + dy, 0, 1 - box.height)),
  };
}

export function grow(box: Box, dw: number, dh: number): Box {
  return {
    ...box,
    width: tidy(clamp(box.width + dw, MIN_SIDE, 1 - box.x)),
    height: tidy(clamp(box.height + dh, MIN_SIDE, 1 - box.y)),
  };
}

/** A new box for the keyboard: in the middle, a little aside of those that are there. */
export function another(boxes: Box[]): Box {
  const off = (boxes.length % 4) * 0.06;
  return { x: tidy(0.3 + off), y: tidy(0.3 + off), width: 0.4, height: 0.4, prompt: '' };
}
