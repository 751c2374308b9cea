// A mask as what was done to it: plain marks, in pixels of the picture, replayed in order. Undo takes the last one away.

export interface Point {
  x: number;
  y: number;
}

export type Mark =
  | { kind: 'brush' | 'eraser'; size: number; points: Point[] }
  | { kind: 'rectangle'; from: Point; to: Point }
  | { kind: 'invert' }
  | { kind: 'clear' };

export type Tool = 'brush' | 'eraser' | 'rectangle';

export const undo = (marks: Mark[]): Mark[] => marks.slice(0, -1);

/** What a clear leaves nothing to see of need not be kept. */
export function add(marks: Mark[], mark: Mark): Mark[] {
  if (mark.kind === 'clear')
    return marks.length === 0 || marks.at(-1)?.kind === 'clear' ? marks : [...marks, mark];
  if (mark.kind === 'invert' && marks.at(-1)?.kind === 'invert') return undo(marks);
  return [...marks, mark];
}

/** The rectangle between two corners, inside a picture. */
export function rectangle(from: Point, to: Point, width: number, height: number) {
  const clamp = (v: number, most: number) => Math.min(most, Math.max(0, v));
  const [x1, x2] = [clamp(Math.min(from.x, to.x), width), clamp(Math.max(from.x, to.x), width)];
  const [y1, y2] = [clamp(Math.min(from.y, to.y), height), clamp(Math.max(from.y, to.y), height)];
  return { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
}

/** Brush sizes in pixels of the picture, for a slider of 0 to 100: fine steps for fine brushes. */
export const brushSize = (slider: number, longest: number) =>
  Math.max(2, Math.round(longest * 0.3 * (0.02 + 0.98 * (slider / 100) ** 2)));
