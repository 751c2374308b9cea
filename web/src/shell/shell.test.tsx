import { describe, expect, it } from 'vitest';
import { safeNext } from './next';
import { titleOf } from './title';

describe('after the sign-in', () => {
  it.each([
    ['/wallet', '/wallet'],
    ['/g/1?i=2', '/g/1?i=2'],
    [undefined, '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['javascript:alert(1)', '/'],
  ])('%s leads to %s', (next, to) => expect(safeNext(next)).toBe(to));
});

describe('the title', () => {
  it('names the page', () => expect(titleOf('Wallet', 0, 0)).toBe('Wallet · Bottega'));
  it('tells how far running work is', () =>
    expect(titleOf('Create', 2, 0.428)).toBe('42 % · Create · Bottega'));
  it('says that something waits', () => expect(titleOf('', 1, 0)).toBe('… · Bottega'));
});
