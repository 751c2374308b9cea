import { describe, expect, it } from 'vitest';
import { house } from '../../mock/models';
import type { Generation } from '../api/types';
import { another, between, grow, move } from './boxes';
import { emptyDraft, moreLike, priceKey, qualityOf, requestOf, reuse, sizeOf, stepsOf } from './draft';
import {
  bring,
  drop,
  emptyShowing,
  fitted,
  freeRole,
  nothingShown,
  recast,
  type Start,
  showing,
  shownBy,
  wholePicture,
} from './showing';

const fox = { id: 'fox', width: 600, height: 400 };
const start = (change: Partial<Start> = {}): Start => ({ ...wholePicture(fox), ...change });
const shown = (change: Partial<typeof nothingShown>) => ({ ...nothingShown, ...change });

describe('pictures that are brought', () => {
  it('become the start, then styles, until the places are taken', () => {
    let s = nothingShown;
    const got: (string | undefined)[] = [];
    for (let i = 0; i < 6; i++) {
      const role = freeRole(s, house);
      got.push(role);
      if (role) s = bring(s, { ...fox, id: `p${i}` }, role, house);
    }
    expect(got).toEqual(['start', 'style', 'style', 'style', 'style', undefined]);
    expect(s.start?.id).toBe('p0');
    expect(s.looks.map((l) => l.id)).toEqual(['p1', 'p2', 'p3', 'p4']);
  });

  it('have no place where the model can do nothing with them', () => {
    const blind = {
      ...house,
      strength: { ...house.strength, max: 0 },
      masks: false,
      references: [],
      max_references: 0,
    };
    expect(freeRole(nothingShown, blind)).toBeUndefined();
    expect(
      showing(shown({ start: start(), looks: [{ id: 'x', kind: 'style', strength: 1 }] }), blind),
    ).toEqual({});
  });

  it('move between roles and leave', () => {
    const one = shown({ start: start() });
    const asStyle = recast(one, 'start', 'style', fox);
    expect(asStyle).toMatchObject({ start: null, looks: [{ id: 'fox', kind: 'style' }] });
    expect(recast(asStyle, 0, 'edge', fox).looks[0]?.kind).toBe('edge');
    expect(recast(asStyle, 0, 'start', fox)).toEqual(one);
    expect(drop(asStyle, 0).looks).toEqual([]);
  });
});

describe('what leaves in the request', () => {
  it('is nothing when nothing is shown', () => expect(showing(nothingShown, house)).toEqual({}));

  it('names the start and the looks with their strengths', () => {
    const s = shown({ start: start({ strength: 0.3 }), looks: [{ id: 'x', kind: 'edge', strength: null }] });
    expect(showing(s, house)).toEqual({
      init_image: 'fox',
      strength: 0.3,
      references: [{ image: 'x', kind: 'edge', strength: 0.6 }],
    });
  });

  it('repaints everything under a mask unless told otherwise, and leaves the size to the start', () => {
    const draft = { ...emptyDraft, prompt: 'a hat', start: start({ mask: 'm' }), width: 512, height: 512 };
    const r = requestOf(draft, house);
    expect(r).toMatchObject({ init_image: 'fox', mask: 'm', strength: 1 });
    expect(r).not.toHaveProperty('width');
    expect(r).not.toHaveProperty('transparent');
    expect(sizeOf(draft, house)).toEqual({ width: 600, height: 400, fixed: true });
  });

  it('erases without strength, looks or boxes', () => {
    const s = shown({
      start: start({ mask: 'm', erase: true }),
      looks: [{ id: 'x', kind: 'edge', strength: 1 }],
      boxes: [{ x: 0, y: 0, width: 1, height: 1, prompt: 'y' }],
      tile: true,
    });
    expect(showing(s, house)).toEqual({ init_image: 'fox', mask: 'm', erase: true });
  });

  it('grows by the frame', () => {
    const draft = { ...emptyDraft, start: start({ expand: { left: 8, bottom: 100 } }) };
    expect(sizeOf(draft, house)).toEqual({ width: 608, height: 500, fixed: true });
  });

  it('leaves out boxes without words', () => {
    const box = { x: 0, y: 0, width: 0.5, height: 0.5 };
    const s = shown({
      boxes: [
        { ...box, prompt: '  ' },
        { ...box, prompt: ' a fox ' },
      ],
    });
    expect(showing(s, house).boxes).toEqual([{ ...box, prompt: 'a fox' }]);
  });

  it('takes the shape of a start where no size was chosen', () => {
    expect(sizeOf({ ...emptyDraft, start: start() }, house)).toMatchObject({ width: 600, height: 400 });
    expect(sizeOf({ ...emptyDraft, start: start(), width: 256 }, house)).toMatchObject({
      width: 256,
      height: 512,
    });
    expect(fitted({ width: 3000, height: 1001 }, house)).toEqual({ width: 1536, height: 512 });
  });

  it('has a background only behind what is not transparent', () => {
    const draft = { ...emptyDraft, background: '#112233' };
    expect(requestOf(draft, house).background).toBe('#112233');
    expect(requestOf({ ...draft, transparent: true }, house)).not.toHaveProperty('background');
  });

  it('costs the same whatever stands in the boxes', () => {
    const box = { x: 0, y: 0, width: 0.5, height: 0.5 };
    const of = (prompt: string) => priceKey(requestOf({ ...emptyDraft, boxes: [{ ...box, prompt }] }, house));
    expect(of('a fox')).toEqual(of('a whale'));
  });
});

describe('quality', () => {
  it('is the first preset until told otherwise, and gives way to steps', () => {
    expect(qualityOf(emptyDraft, house)?.id).toBe('standard');
    expect(stepsOf({ ...emptyDraft, quality: 'best' }, house)).toBe(16);
    expect(requestOf({ ...emptyDraft, quality: 'best' }, house)).toMatchObject({ quality: 'best' });
    expect(requestOf({ ...emptyDraft, quality: 'best' }, house)).not.toHaveProperty('steps');
    const byHand = { ...emptyDraft, quality: 'best', steps: 9 };
    expect(qualityOf(byHand, house)).toBeUndefined();
    expect(requestOf(byHand, house)).toMatchObject({ steps: 9 });
  });
});

describe('a recipe that was shown pictures', () => {
  const g = {
    prompt: 'a hat',
    width: 608,
    height: 400,
    steps: 8,
    model: 'tempera-image',
    shown: {
      ...emptyShowing,
      init_image: 'fox',
      mask: 'm',
      strength: 1,
      expand: { left: 8 },
      quality: 'draft',
      references: [{ image: 'x', kind: 'style', strength: 0.4 }],
    },
  } as unknown as Generation;

  it('comes back into the draft', () => {
    const d = reuse(emptyDraft, g, 'all');
    expect(d.start).toMatchObject({ id: 'fox', width: 600, height: 400, mask: 'm', expand: { left: 8 } });
    expect(d.looks).toEqual([{ id: 'x', kind: 'style', strength: 0.4 }]);
    expect([d.quality, d.steps]).toEqual(['draft', null]);
  });

  it('is sent again as it was', () => {
    expect(moreLike(g)).toMatchObject({ init_image: 'fox', mask: 'm', strength: 1, expand: { left: 8 } });
    expect(moreLike(g)).not.toHaveProperty('width');
    expect(moreLike({ ...g, shown: emptyShowing })).toHaveProperty('width', 608);
    expect(moreLike({ ...g, shown: emptyShowing })).not.toHaveProperty('init_image');
    expect(shownBy({ ...g, shown: emptyShowing })).toEqual(nothingShown);
  });
});

describe('boxes', () => {
  it('stay inside the picture and do not vanish', () => {
    expect(between({ x: 0.9, y: 0.2 }, { x: -1, y: 0.2 })).toEqual({ x: 0, y: 0.2, width: 1, height: 0.031 });
    const b = { x: 0.5, y: 0.5, width: 0.4, height: 0.4, prompt: '' };
    expect(move(b, 1, -1)).toMatchObject({ x: 0.6, y: 0 });
    expect(grow(b, 1, -1)).toMatchObject({ width: 0.5, height: 0.031 });
    const a = another([b]);
    expect(a.x + a.width).toBeLessThanOrEqual(1);
  });
});
