import { describe, expect, it } from 'vitest';
import { house } from '../../mock/models';
import type { Generation, Quote } from '../api/types';
import { affordableCount, buttonState, type Facts } from './button';
import {
  countTouched,
  drawSeed,
  emptyDraft,
  MAX_SEED,
  moreLike,
  parseSeed,
  priceKey,
  requestOf,
  reuse,
  WITHOUT_REFERENCE,
  within,
} from './draft';
import { HISTORY_LIMIT, home, pushPrompt, step } from './history';
import { emptyShowing } from './showing';
import { checkSide, presetOf, presetSize, ratios, shapeName } from './size';

const quote: Quote = { total_mt: 2000, lines: [], sheet_version: 3, available_mt: 9000, enough: true };
const good: Facts = {
  prompt: 'a fox',
  maxPrompt: 500,
  sizeGood: true,
  seedGood: true,
  online: true,
  modelReady: true,
  quote,
  quoteStale: false,
  quoteFailed: false,
  available_mt: 9000,
};

describe('the Generate button', () => {
  it('is ready at the price of the quote', () => {
    expect(buttonState(good)).toEqual({ kind: 'ready', price_mt: 2000 });
  });

  it.each([
    ['offline', { online: false }],
    ['no_model', { modelReady: false }],
    ['bad_size', { sizeGood: false }],
    ['bad_seed', { seedGood: false }],
    ['no_prompt', { prompt: '  \n' }],
    ['no_price', { quoteFailed: true, quote: undefined }],
    ['pricing', { quoteStale: true }],
    ['pricing', { quote: undefined }],
  ] as const)('says %s', (kind, change) => expect(buttonState({ ...good, ...change }).kind).toBe(kind));

  it('shows no price of other settings', () => {
    expect(buttonState({ ...good, prompt: '', quoteStale: true })).toEqual({
      kind: 'no_prompt',
      price_mt: null,
    });
    expect(buttonState({ ...good, prompt: '' })).toEqual({ kind: 'no_prompt', price_mt: 2000 });
  });

  it('goes on without tokens where the plan has a relaxed lane, and only then', () => {
    const wait = { from_seconds: 30, to_seconds: 120 };
    const quote = (more: object) => ({
      total_mt: 9000,
      lines: [],
      sheet_version: 3,
      available_mt: 1,
      enough: false,
      ...more,
    });
    const poor = { ...good, available_mt: 1000 };
    const relaxed = [{ name: 'relaxed' as const, text: '', total_mt: 0, wait }];
    expect(buttonState({ ...poor, quote: quote({ alternatives: relaxed }) })).toEqual({
      kind: 'relaxed',
      price_mt: 0,
      wait,
    });
    expect(buttonState({ ...poor, quote: quote({}) }).kind).toBe('short');
    expect(buttonState({ ...good, available_mt: 9000, quote: quote({ alternatives: relaxed }) }).kind).toBe(
      'ready',
    );
  });

  it('counts characters, not UTF-16 units', () => {
    expect(buttonState({ ...good, prompt: '🦊🦊🦊', maxPrompt: 3 }).kind).toBe('ready');
    expect(buttonState({ ...good, prompt: '🦊🦊🦊', maxPrompt: 2 })).toMatchObject({
      kind: 'long_prompt',
      over: 1,
    });
  });

  it('believes the purse, not the quote, about what is left', () => {
    expect(buttonState({ ...good, available_mt: 1500 })).toEqual({
      kind: 'short',
      price_mt: 2000,
      missing_mt: 500,
    });
    expect(buttonState({ ...good, available_mt: 2000 }).kind).toBe('ready');
  });
});

describe('affordableCount', () => {
  it.each([
    [4, 2000, 1200, 2],
    [4, 2000, 400, 0],
    [1, 2000, 1999, 0],
    [8, 8000, 7999, 7],
  ])('of %d for %d with %d is %d', (count, total, left, want) =>
    expect(affordableCount(count, total, left)).toBe(want),
  );
});

describe('sizes', () => {
  it('are presets of about the same area on the steps of the model', () => {
    for (const ratio of ratios) {
      const { width, height } = presetSize(ratio, house);
      expect(width % house.width.step).toBe(0);
      expect(height % house.height.step).toBe(0);
      expect(Math.abs(Math.log((width * height) / (512 * 512)))).toBeLessThan(0.05);
      expect(Math.abs(Math.log(width / height / (ratio.w / ratio.h)))).toBeLessThan(0.04);
      expect(presetOf({ width, height }, house)).toBe(ratio);
    }
  });

  it('shrink as a whole where a side would be too long', () => {
    const narrow = { width: { ...house.width, max: 512 }, height: { ...house.height, max: 512 } };
    expect(presetSize({ label: '16:9', w: 16, h: 9 }, narrow)).toEqual({ width: 512, height: 288 });
  });

  it.each([
    [512, null],
    [32, null],
    [1536, null],
    [31, 'too_small'],
    [24, 'too_small'],
    [1544, 'too_large'],
    [33, 'off_step'],
    [512.5, 'not_a_number'],
    [Number.NaN, 'not_a_number'],
  ])('side %d: %s', (value, fault) => expect(checkSide(value, house.width)).toBe(fault));

  it('are named by their preset, else their ratio, else not', () => {
    expect(shapeName({ width: 512, height: 512 }, house)).toBe('1:1');
    expect(shapeName({ width: 640, height: 480 }, house)).toBe('4:3');
    expect(shapeName({ width: 1000, height: 488 }, house)).toBe('');
  });
});

describe('seeds', () => {
  it.each([
    ['', null],
    ['  ', null],
    ['0', 0],
    ['4294967295', MAX_SEED],
    ['4294967296', Number.NaN],
    ['-1', Number.NaN],
    ['1.5', Number.NaN],
    ['fox', Number.NaN],
  ])('"%s" reads %d', (text, want) => expect(parseSeed(text)).toBe(want));

  it('are drawn inside their range', () => {
    for (let i = 0; i < 50; i++) expect(parseSeed(String(drawSeed()))).not.toBeNaN();
  });
});

describe('requests', () => {
  it('are complete with the defaults of the model, and four to choose from', () => {
    expect(requestOf({ ...emptyDraft, prompt: ' a fox ' }, house)).toEqual({
      prompt: 'a fox',
      model: 'tempera-image',
      style: 'auto',
      width: 512,
      height: 512,
      count: 4,
      steps: house.steps.default,
      guidance_scale: house.guidance.default,
      adherence: house.adherence.default,
      transparent: false,
    });
  });

  it('keep text only, drop unknown styles and fit what another model allowed', () => {
    const r = requestOf({ ...emptyDraft, style: 'oil', count: 20, adherence: WITHOUT_REFERENCE }, house);
    expect([r.style, r.count, r.adherence]).toEqual(['auto', 8, -1]);
  });

  it('leave the guidance to the API where a negative prompt would count for nothing', () => {
    const plain = { ...house, guidance: { ...house.guidance, min: 1, default: 1 } };
    const scale = (negative: string, guidance: number | null) =>
      requestOf({ ...emptyDraft, negative, guidance }, plain).guidance_scale;
    expect(scale('', null)).toBe(1);
    expect(scale('rain', null)).toBeUndefined();
    expect(scale('rain', 1)).toBeUndefined();
    expect(scale('rain', 3)).toBe(3);
  });

  it('keep a seed of 0', () => {
    expect(requestOf({ ...emptyDraft, seed: 0 }, house).seed).toBe(0);
  });

  it('cost the same whatever the words and the seed', () => {
    const a = requestOf({ ...emptyDraft, prompt: 'a fox', seed: 7, negative: 'rain' }, house);
    const b = requestOf({ ...emptyDraft, prompt: 'a whale', negative: 'snow' }, house);
    expect(priceKey(a)).toEqual(priceKey(b));
    expect(priceKey({ ...a, count: 1 })).not.toEqual(priceKey(b));
  });

  it('snap onto steps without float dust', () => {
    expect(within(0.4000001, house.adherence)).toBe(0.4);
    expect(within(null, house.steps)).toBe(8);
    expect(within(99, house.steps)).toBe(50);
  });
});

describe('reusing a recipe', () => {
  const g = {
    prompt: 'a fox',
    negative_prompt: 'rain',
    model: 'tempera-image',
    style: 'ink',
    width: 640,
    height: 480,
    count: 2,
    seed: 41,
    steps: 20,
    guidance_scale: 3,
    adherence: -1,
    transparent: true,
    shown: emptyShowing,
  } as Generation;

  it('takes everything, with the seed of the picture that was looked at', () => {
    const d = reuse(emptyDraft, g, 'all', 42);
    expect([d.prompt, d.negative, d.seed, d.style, d.transparent]).toEqual([
      'a fox',
      'rain',
      42,
      'ink',
      true,
    ]);
    expect(countTouched(d)).toBe(5);
  });

  it('takes one value, and both sides of a size', () => {
    expect(reuse(emptyDraft, g, 'seed', 42)).toEqual({ ...emptyDraft, seed: 42 });
    expect(reuse(emptyDraft, g, 'width')).toEqual({ ...emptyDraft, width: 640, height: 480 });
  });

  it('asks for more of it without its seed', () => {
    expect(moreLike(g)).not.toHaveProperty('seed');
    expect(moreLike(g)).toMatchObject({ prompt: 'a fox', negative_prompt: 'rain', adherence: -1 });
  });
});

describe('prompt history', () => {
  it('keeps each prompt once, the newest last, and no more than its limit', () => {
    expect(pushPrompt(['a', 'b', 'c'], ' a ')).toEqual(['b', 'c', 'a']);
    expect(pushPrompt(['a'], '  ')).toEqual(['a']);
    const many = Array.from({ length: HISTORY_LIMIT }, (_, i) => `p${i}`);
    expect(pushPrompt(many, 'new')).toHaveLength(HISTORY_LIMIT);
  });

  it('walks back and forth and comes home to the unfinished text', () => {
    const history = ['one', 'two'];
    const up = step(history, home, 'older', 'mine');
    expect(up?.text).toBe('two');
    const up2 = step(history, up?.place ?? home, 'older', 'two');
    expect(up2?.text).toBe('one');
    expect(step(history, up2?.place ?? home, 'older', 'one')).toBeNull();
    const down = step(history, up2?.place ?? home, 'newer', 'one');
    const down2 = step(history, down?.place ?? home, 'newer', 'two');
    expect(down2).toEqual({ place: home, text: 'mine' });
    expect(step(history, home, 'newer', 'mine')).toBeNull();
  });

  it('skips the prompt that already stands in the bar', () => {
    expect(step(['one', 'two'], home, 'older', 'two')?.text).toBe('one');
    expect(step(['two'], home, 'older', 'two')).toBeNull();
  });
});
