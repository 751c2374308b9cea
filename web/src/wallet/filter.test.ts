import { describe, expect, it } from 'vitest';
import { filterOf, inUse, noFields } from './filter';

describe('the filter of the journal', () => {
  it('asks for everything of the tokens when nothing is chosen', () =>
    expect(filterOf(noFields)).toEqual({}));

  it('includes both days', () => {
    const f = filterOf({ ...noFields, from: '2026-11-23', to: '2026-11-23' });
    expect(Date.parse(f.to ?? '') - Date.parse(f.from ?? '')).toBe(86_400_000);
  });

  it('goes over the end of a month', () =>
    expect(new Date(filterOf({ ...noFields, to: '2026-11-30' }).to ?? '').getMonth()).toBe(11));

  it('leaves out a day that is half typed', () =>
    expect(filterOf({ ...noFields, from: '2026-1' })).toEqual({}));

  it('trims a generation and names the wallet', () =>
    expect(filterOf({ ...noFields, of: 'credits', generation: ' a ', op: 'hold' })).toEqual({
      of: 'credits',
      generation: 'a',
      op: 'hold',
    }));

  it('counts what is in use', () => expect(inUse({ ...noFields, op: 'hold', to: '2026-11-30' })).toBe(2));
});
