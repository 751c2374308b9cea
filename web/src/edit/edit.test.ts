import { describe, expect, it } from 'vitest';
import { grown, growsAtAll, most, stretch, toRatio } from './extend';
import { add, brushSize, type Mark, rectangle, undo } from './marks';

const dot: Mark = { kind: 'brush', size: 4, points: [{ x: 1, y: 1 }] };

describe('marks', () => {
  it('are undone one by one', () => {
    const marks = add(add([], dot), { kind: 'invert' });
    expect(undo(marks)).toEqual([dot]);
    expect(undo(undo(undo(marks)))).toEqual([]);
  });

  it('keep nothing that says nothing', () => {
    expect(add([], { kind: 'clear' })).toEqual([]);
    expect(add([dot, { kind: 'clear' }], { kind: 'clear' })).toHaveLength(2);
    expect(add([dot, { kind: 'invert' }], { kind: 'invert' })).toEqual([dot]);
  });

  it('keep rectangles inside the picture, whichever corner was first', () => {
    expect(rectangle({ x: 30, y: -5 }, { x: 10, y: 99 }, 20, 50)).toEqual({
      x: 10,
      y: 0,
      width: 10,
      height: 50,
    });
  });

  it('come from brushes of two pixels to a third of the picture', () => {
    expect(brushSize(0, 512)).toBeGreaterThanOrEqual(2);
    expect(brushSize(100, 512)).toBe(154);
    expect(brushSize(50, 512)).toBeGreaterThan(brushSize(40, 512));
  });
});

describe('extending', () => {
  const picture = { width: 1000, height: 500 };
  const range = { min: 32, max: 1536, step: 8, default: 512 };

  it('stays within what the model can draw, both sides together', () => {
    const left = stretch({}, 'left', 400, picture, range);
    expect(left).toEqual({ left: 400 });
    expect(stretch(left, 'right', 999, picture, range)).toEqual({ left: 400, right: 136 });
    expect(stretch({}, 'top', -8, picture, range)).toEqual({ top: 0 });
    expect(stretch({}, 'top', Number.NaN, picture, range)).toEqual({ top: 0 });
    expect(most('bottom', { top: 36 }, picture, range)).toBe(1000);
  });

  it('reaches a shape evenly', () => {
    const square = toRatio(1, 1, picture, range);
    expect(square).toEqual({ left: 0, top: 250, right: 0, bottom: 250 });
    expect(grown(square, picture)).toEqual({ width: 1000, height: 1000 });
    expect(growsAtAll(square)).toBe(true);
    expect(growsAtAll({ left: 0 })).toBe(false);
  });
});
