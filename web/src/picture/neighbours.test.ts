import { expect, it } from 'vitest';
import type { Generation } from '../api/types';
import { neighbour } from './neighbours';

const batch = (id: string, n: number) =>
  ({ id, images: Array.from({ length: n }, (_, index) => ({ index })) }) as unknown as Generation;
const listed = [batch('new', 2), batch('failed', 0), batch('old', 3)];
const [newest, , old] = listed;

it('walks through the batch', () => {
  expect(neighbour(listed, newest, 0, 1)).toEqual({ id: 'new', index: 1 });
  expect(neighbour(listed, old, 2, -1)).toEqual({ id: 'old', index: 1 });
});

it('goes on to the next batch that has pictures', () => {
  expect(neighbour(listed, newest, 1, 1)).toEqual({ id: 'old', index: 0 });
  expect(neighbour(listed, old, 0, -1)).toEqual({ id: 'new', index: 1 });
});

it('stops at the ends, and in a batch it cannot place', () => {
  expect(neighbour(listed, newest, 0, -1)).toBeNull();
  expect(neighbour(listed, old, 2, 1)).toBeNull();
  expect(neighbour([], old, 2, 1)).toBeNull();
  expect(neighbour([], old, 1, 1)).toEqual({ id: 'old', index: 2 });
});
