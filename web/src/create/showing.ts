// What a draft shows the model beside its words: pictures, places, a ground. Plain data and pure operations.
import type { Box, Expansion, Model, Range, Reference, ReferenceKind, Showing } from '../api/types';

/** The picture to start from, and which part of it is painted. */
export interface Start {
  id: string;
  width: number;
  height: number;
  /** null takes the model's default. */
  strength: number | null;
  mask: string | null;
  expand: Expansion | null;
  erase: boolean;
}

export interface Look {
  id: string;
  kind: ReferenceKind;
  strength: number | null;
}

export type Role = 'start' | ReferenceKind;

export interface Shown {
  quality: string | null;
  background: string | null;
  tile: boolean;
  start: Start | null;
  looks: Look[];
  boxes: Box[];
}

export const nothingShown: Shown = {
  quality: null,
  background: null,
  tile: false,
  start: null,
  looks: [],
  boxes: [],
};

type Sides = Pick<Model, 'width' | 'height'>;
export type Dimensions = { width: number; height: number };

export const wholePicture = (p: { id: string } & Dimensions): Start => ({
  id: p.id,
  width: p.width,
  height: p.height,
  strength: null,
  mask: null,
  expand: null,
  erase: false,
});

/** Whether a part of the start stays as it is; the size then follows from it. */
export const keepsARest = (start: Start | null) => !!start && (!!start.mask || !!start.expand);

/** The size a start dictates, or undefined where the size is free. */
export function dictated(start: Start | null): Dimensions | undefined {
  if (!start || !keepsARest(start)) return undefined;
  const e = start.expand ?? {};
  return {
    width: start.width + (e.left ?? 0) + (e.right ?? 0),
    height: start.height + (e.top ?? 0) + (e.bottom ?? 0),
  };
}

/** A start's own size, scaled down into the model's range and onto its steps: what the server would choose. */
export function fitted(p: Dimensions, sides: Sides): Dimensions {
  const scale = Math.min(1, sides.width.max / p.width, sides.height.max / p.height);
  const side = (n: number, r: Range) =>
    Math.min(r.max, Math.max(r.min, Math.round((n * scale) / (r.step || 1)) * (r.step || 1)));
  return { width: side(p.width, sides.width), height: side(p.height, sides.height) };
}

export const roles = (model: Model): Role[] => [
  ...(model.strength.max > 0 || model.masks ? (['start'] as const) : []),
  ...model.references.map((r) => r.kind),
];

const room = (shown: Shown, model: Model) => shown.looks.length < model.max_references;

/** The role a picture gets that was just brought: the start if there is none yet, then a style to follow. */
export function freeRole(shown: Shown, model: Model): Role | undefined {
  const can = roles(model);
  if (!shown.start && can.includes('start')) return 'start';
  return room(shown, model) ? can.find((r) => r !== 'start') : undefined;
}

/** Adds a picture in a role; a new start takes the place of the old one. */
export function bring(shown: Shown, picture: { id: string } & Dimensions, role: Role, model: Model): Shown {
  if (role === 'start') return { ...shown, start: wholePicture(picture) };
  if (!room(shown, model)) return shown;
  return { ...shown, looks: [...shown.looks, { id: picture.id, kind: role, strength: null }] };
}

/** Moves the start or a look into another role. A start that was there before makes room. */
export function recast(shown: Shown, from: 'start' | number, role: Role, picture: Dimensions): Shown {
  if (from === 'start') {
    if (role === 'start' || !shown.start) return shown;
    return {
      ...shown,
      start: null,
      looks: [...shown.looks, { id: shown.start.id, kind: role, strength: null }],
    };
  }
  const look = shown.looks[from];
  if (!look) return shown;
  if (role !== 'start')
    return { ...shown, looks: shown.looks.map((l, i) => (i === from ? { ...l, kind: role } : l)) };
  return { ...drop(shown, from), start: wholePicture({ id: look.id, ...picture }) };
}

export function drop(shown: Shown, which: 'start' | number): Shown {
  if (which === 'start') return { ...shown, start: null };
  return { ...shown, looks: shown.looks.filter((_, i) => i !== which) };
}

const within = (value: number | null, range: Range) =>
  value === null ? range.default : Math.min(range.max, Math.max(range.min, value));

/** What a reference is looked at with; above 0, where it would not be looked at. */
export function lookStrength(look: Look, model: Model): number {
  const range = model.references.find((r) => r.kind === look.kind)?.strength;
  return range ? Math.max(range.step || 0.05, within(look.strength, range)) : 0;
}

/** The strength of the start: where a part is repainted, everything under the mask is unless told otherwise. */
export function startStrength(start: Start, model: Model): number {
  if (start.strength === null && keepsARest(start)) return 1;
  return within(start.strength, model.strength);
}

/** The request's part; only what the model can do, and nothing that says nothing. */
export function showing(shown: Shown, model: Model): Showing {
  const out: Showing = {};
  if (shown.tile && model.tile && !keepsARest(shown.start)) out.tile = true;
  if (shown.start && roles(model).includes('start')) {
    const s = shown.start;
    out.init_image = s.id;
    if (s.mask && model.masks) out.mask = s.mask;
    if (s.expand && model.masks) out.expand = s.expand;
    if (s.erase && model.erase && out.mask) out.erase = true;
    else out.strength = startStrength(s, model);
  }
  if (out.erase) return out;
  const looks = shown.looks.filter((l) => model.references.some((r) => r.kind === l.kind));
  if (looks.length > 0)
    out.references = looks
      .slice(0, model.max_references)
      .map((l): Reference => ({ image: l.id, kind: l.kind, strength: lookStrength(l, model) }));
  const boxes = shown.boxes.filter((b) => b.prompt.trim()).slice(0, model.max_boxes);
  if (boxes.length > 0) out.boxes = boxes.map((b) => ({ ...b, prompt: b.prompt.trim() }));
  return out;
}

/** The way back: a finished generation's showing as a draft's. width and height are the generation's. */
export function shownBy(g: { shown: Required<Showing> } & Dimensions): Shown {
  const s = g.shown;
  const e = s.expand;
  const grew = !!(e.left || e.top || e.right || e.bottom);
  return {
    quality: s.quality || null,
    background: s.background || null,
    tile: s.tile,
    start: s.init_image
      ? {
          id: s.init_image,
          width: g.width - (e.left ?? 0) - (e.right ?? 0),
          height: g.height - (e.top ?? 0) - (e.bottom ?? 0),
          strength: s.strength,
          mask: s.mask || null,
          expand: grew ? e : null,
          erase: s.erase,
        }
      : null,
    looks: s.references.map((r) => ({ id: r.image, kind: r.kind, strength: r.strength ?? null })),
    boxes: s.boxes,
  };
}

/** A finished generation's showing as a request's part, to be sent again. */
export function showAgain(s: Required<Showing>): Showing {
  const out: Showing = {};
  if (s.background) out.background = s.background;
  if (s.tile) out.tile = true;
  if (s.init_image) out.init_image = s.init_image;
  if (s.init_image && !s.erase) out.strength = s.strength;
  if (s.mask) out.mask = s.mask;
  if (Object.values(s.expand).some(Boolean)) out.expand = s.expand;
  if (s.erase) out.erase = true;
  if (s.references.length > 0) out.references = s.references;
  if (s.boxes.length > 0) out.boxes = s.boxes;
  return out;
}

export const emptyShowing: Required<Showing> = {
  quality: '',
  background: '',
  tile: false,
  init_image: '',
  strength: 0,
  mask: '',
  expand: {},
  erase: false,
  references: [],
  boxes: [],
};
