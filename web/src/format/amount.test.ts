import { describe, expect, it } from 'vitest';
import { bytes, shortTokens, signedTokens, tokens } from './amount';

describe('tokens', () => {
  it.each([
    [0, '0'],
    [1, '0.001'],
    [1500, '1.5'],
    [2000, '2'],
    [8_500_000, '8,500'],
    [1_234_567_890, '1,234,567.89'],
    [-4000, '−4'],
    [-250, '−0.25'],
  ])('%d milli-tokens read %s', (mt, text) => expect(tokens(mt)).toBe(text));

  it('signs what came and went', () => {
    expect(signedTokens(4000)).toBe('+4');
    expect(signedTokens(-4000)).toBe('−4');
    expect(signedTokens(0)).toBe('0');
  });

  it.each([
    [12_345, '12.3'],
    [149_999, '149'],
    [8_500_900, '8,500'],
    [12_345_678, '12.3k'],
    [2_560_000_000, '2.5M'],
  ])('shortens %d to %s without rounding up', (mt, text) => expect(shortTokens(mt)).toBe(text));
});

describe('bytes', () => {
  it.each([
    [512, '512 B'],
    [48_211, '48 kB'],
    [999_700, '1.0 MB'],
    [1_540_000, '1.5 MB'],
    [99_950_000, '100 MB'],
    [999_700_000, '1.0 GB'],
    [23_800_000_000, '23.8 GB'],
  ])('%d reads %s', (n, text) => expect(bytes(n)).toBe(text));
});
