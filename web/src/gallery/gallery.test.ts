import { describe, expect, it } from 'vitest';
import { layoutGroup, moveSpot } from './layout';
import { tileProgress } from './progress';

describe('the layout of a group', () => {
  it.each([1440, 1250, 900, 700, 390, 358, 320])('never overflows %d pixels', (width) => {
    for (const aspect of [1, 1.5, 16 / 9, 9 / 16, 0.8, 3, 0.2])
      for (let count = 1; count <= 8; count++) {
        const l = layoutGroup(width, count, aspect);
        expect(l.columns).toBeGreaterThan(0);
        expect(l.columns * l.tileWidth + (l.columns - 1) * 10).toBeLessThanOrEqual(width);
        expect(Math.abs(l.tileWidth / l.tileHeight - aspect) / aspect).toBeLessThan(0.05);
      }
  });

  it('puts four squares in a row on a laptop and two on a phone', () => {
    expect(layoutGroup(1290, 4, 1).columns).toBe(4);
    expect(layoutGroup(358, 4, 1).columns).toBe(2);
  });

  it('leaves no lonely tile in the last row', () => {
    expect(layoutGroup(600, 4, 1).columns).toBe(2);
    expect(layoutGroup(1290, 5, 1).columns).toBe(3);
  });

  it('shows a single picture larger than one of many', () => {
    expect(layoutGroup(1290, 1, 1).tileWidth).toBeGreaterThan(layoutGroup(1290, 4, 1).tileWidth);
  });
});

describe('arrows', () => {
  const counts = [4, 2, 8];
  const columns = [4, 2, 4];
  const from = (group: number, tile: number, key: Parameters<typeof moveSpot>[3]) =>
    moveSpot(counts, columns, { group, tile }, key);

  it('go along the row and over into the next group', () => {
    expect(from(0, 1, 'ArrowRight')).toEqual({ group: 0, tile: 2 });
    expect(from(0, 3, 'ArrowRight')).toEqual({ group: 1, tile: 0 });
    expect(from(1, 0, 'ArrowLeft')).toEqual({ group: 0, tile: 3 });
  });

  it('go down a column, to the nearest where the next row is shorter', () => {
    expect(from(0, 3, 'ArrowDown')).toEqual({ group: 1, tile: 1 });
    expect(from(2, 1, 'ArrowDown')).toEqual({ group: 2, tile: 5 });
    expect(from(2, 5, 'ArrowUp')).toEqual({ group: 2, tile: 1 });
    expect(from(2, 3, 'ArrowUp')).toEqual({ group: 1, tile: 1 });
  });

  it('stop at the ends', () => {
    expect(from(0, 0, 'ArrowLeft')).toBeNull();
    expect(from(0, 2, 'ArrowUp')).toBeNull();
    expect(from(2, 7, 'ArrowRight')).toBeNull();
    expect(from(2, 6, 'ArrowDown')).toBeNull();
  });
});

describe('the progress of a tile', () => {
  const running = { id: 'g', state: 'running' } as const;
  const progress = { fraction: 0.4, pictures: { 0: { fraction: 1, preview: 'a' }, 1: { fraction: 0.5 } } };

  it('is its own', () => {
    expect(tileProgress(running, 0, progress)).toEqual({ stage: 'finishing', fraction: 1, preview: 'a' });
    expect(tileProgress(running, 1, progress)).toMatchObject({ stage: 'drawing', fraction: 0.5 });
    expect(tileProgress(running, 2, progress).stage).toBe('next');
  });

  it('waits for the server, then for its turn', () => {
    expect(tileProgress({ id: 'local-1', state: 'waiting' }, 0, undefined).stage).toBe('sending');
    expect(tileProgress({ id: 'g', state: 'waiting' }, 0, undefined).stage).toBe('queued');
  });
});
