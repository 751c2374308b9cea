import { describe, expect, it } from 'vitest';
import { money } from './money';

describe('money', () => {
  it.each([
    [0, '$0'],
    [12_000_000, '$12'],
    [4_990_000, '$4.99'],
    [1_500_000, '$1.50'],
    [1_234_567_000_000, '$1,234,567'],
    [1_250_500, '$1.2505'],
    [-5_000_000, '−$5'],
  ])('%d micros read %s', (micros, text) => expect(money(micros)).toBe(text));
});
