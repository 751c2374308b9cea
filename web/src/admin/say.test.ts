import { describe, expect, it } from 'vitest';
import { lasting, parseAmount, percent } from './say';

describe('lasting', () => {
  it.each([
    [-3, '0 s'],
    [8.4, '8 s'],
    [89, '89 s'],
    [91, '2 min'],
    [3600, '60 min'],
    [7500, '2 h 5 min'],
    [7200, '2 h'],
    [4 * 86_400 + 7, '4 d'],
  ])('says %d seconds as %s', (seconds, text) => expect(lasting(seconds)).toBe(text));
});

describe('parseAmount', () => {
  it.each([
    ['100', 100_000],
    ['1,000', 1_000_000],
    ['0.5', 500],
    ['2.125', 2125],
    ['0', null],
    ['-3', null],
    ['1.2345', null],
    ['many', null],
    ['', null],
  ])('reads %s as %s', (text, mt) => expect(parseAmount(text)).toBe(mt));
});

it('rounds a part', () => expect(percent(0.934)).toBe('93 %'));
