import { expect, it } from 'vitest';
import { days, span } from './time';

it.each([
  [5, 10, '5 to 10 s'],
  [30, 120, '30 s to 2 min'],
  [120, 240, '2 to 4 min'],
  [3600, 7200, '1 to 2 h'],
  [5, 5, '5 s'],
])('a wait of %d to %d seconds reads %s', (from, to, text) => expect(span(from, to)).toBe(text));

it('counts days', () => {
  expect(days(1)).toBe('1 day');
  expect(days(9)).toBe('9 days');
});
