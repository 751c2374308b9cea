// What the person is about to ask for. A field that is null follows the model's default; the request that leaves is
// always complete and inside the model's ranges.
import type { Generation, GenerationRequest, Model, Range } from '../api/types';
import { dictated, fitted, nothingShown, type Shown, showAgain, showing, shownBy } from './showing';

export interface Draft extends Shown {
  prompt: string;
  negative: string;
  model: string | null;
  style: string | null;
  width: number | null;
  height: number | null;
  count: number | null;
  /** null draws a new seed each time. */
  seed: number | null;
  steps: number | null;
  guidance: number | null;
  adherence: number | null;
  transparent: boolean;
}

export const emptyDraft: Draft = {
  prompt: '',
  negative: '',
  model: null,
  style: null,
  width: null,
  height: null,
  count: null,
  seed: null,
  steps: null,
  guidance: null,
  adherence: null,
  transparent: false,
  ...nothingShown,
};

/** How many pictures the studio makes at once unless told otherwise: enough to choose from. */
export const USUAL_COUNT = 4;

export const MAX_SEED = 0xffffffff;

export const WITHOUT_REFERENCE = -1;

/** Any whole number a seed may be, drawn from the browser's good source. */
export function drawSeed(): number {
  const word = new Uint32Array(1);
  crypto.getRandomValues(word);
  return word[0] ?? 0;
}

/** Reads a seed as typed: null for an empty field, NaN for what is no seed. */
export function parseSeed(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (!/^\d{1,10}$/.test(trimmed)) return Number.NaN;
  const seed = Number(trimmed);
  return seed <= MAX_SEED ? seed : Number.NaN;
}

/** Moves a wish into a model's range and onto its steps. */
export function within(value: number | null, range: Range): number {
  if (value === null || !Number.isFinite(value)) return range.default;
  const step = range.step > 0 ? range.step : 1;
  const snapped = range.min + Math.round((value - range.min) / step) * step;
  return Number(Math.min(range.max, Math.max(range.min, snapped)).toFixed(6));
}

export function modelOf(draft: Draft, models: Model[]): Model | undefined {
  return models.find((m) => m.name === draft.model || m.id === draft.model) ?? models[0];
}

export function styleOf(draft: Draft, model: Model): string {
  return model.styles.some((s) => s.id === draft.style) ? (draft.style as string) : model.default_style;
}

/** The size that will be drawn, and whether a start leaves a choice. */
export function sizeOf(draft: Draft, model: Model): { width: number; height: number; fixed: boolean } {
  const fixed = dictated(draft.start);
  if (fixed) return { ...fixed, fixed: true };
  const own = draft.start ? fitted(draft.start, model) : undefined;
  const free = draft.width === null && draft.height === null && own;
  if (free) return { ...free, fixed: false };
  return {
    width: draft.width ?? model.width.default,
    height: draft.height ?? model.height.default,
    fixed: false,
  };
}

/** The preset that sets the steps, or undefined where they are set by hand. */
export function qualityOf(draft: Draft, model: Model) {
  if (draft.steps !== null) return undefined;
  return model.qualities.find((q) => q.id === draft.quality) ?? model.qualities[0];
}

export const stepsOf = (draft: Draft, model: Model) =>
  qualityOf(draft, model)?.steps ?? within(draft.steps, model.steps);

const negativeOf = (draft: Draft, model: Model) => (model.negative_prompt ? draft.negative.trim() : '');

/** At 1 a negative prompt counts for nothing, and the API refuses that: it takes a guidance of its own when none is said. */
export const guidanceIsRaised = (draft: Draft, model: Model) =>
  negativeOf(draft, model) !== '' && within(draft.guidance, model.guidance) <= 1;

/** Whether the picture will keep its alpha channel; where a part of a start stays, that decides by itself. */
const clear = (draft: Draft, model: Model) => model.transparent && draft.transparent;

/** The whole request. Sizes go out as typed: what is wrong with them is said beside the control, not bent in silence. */
export function requestOf(draft: Draft, model: Model): GenerationRequest {
  const { width, height, fixed } = sizeOf(draft, model);
  const request: GenerationRequest = {
    prompt: draft.prompt.trim(),
    model: model.name,
    style: styleOf(draft, model),
    count: within(draft.count ?? USUAL_COUNT, model.count),
    ...(guidanceIsRaised(draft, model) ? {} : { guidance_scale: within(draft.guidance, model.guidance) }),
    adherence:
      draft.adherence === WITHOUT_REFERENCE ? WITHOUT_REFERENCE : within(draft.adherence, model.adherence),
    ...showing(draft, model),
  };
  if (!fixed) Object.assign(request, { width, height, transparent: clear(draft, model) });
  const quality = draft.quality === null ? undefined : qualityOf(draft, model);
  if (quality) request.quality = quality.id;
  else request.steps = stepsOf(draft, model);
  if (!fixed && draft.background && !clear(draft, model)) request.background = draft.background;
  if (negativeOf(draft, model)) request.negative_prompt = negativeOf(draft, model);
  if (draft.seed !== null) request.seed = draft.seed;
  return request;
}

/** How many of the advanced settings differ from the model's own. */
export function countTouched(draft: Draft): number {
  return (
    [draft.negative.trim(), draft.transparent, draft.background, draft.tile].filter(Boolean).length +
    [draft.steps, draft.guidance, draft.adherence].filter((v) => v !== null).length
  );
}

/** What the price depends on: everything but the words and the seed, so that typing asks for no new price. */
export function priceKey(request: GenerationRequest): GenerationRequest {
  const { seed: _seed, negative_prompt, boxes, ...rest } = request;
  return {
    ...rest,
    prompt: '',
    ...(negative_prompt ? { negative_prompt: 'x' } : {}),
    ...(boxes ? { boxes: boxes.map((b) => ({ ...b, prompt: 'x' })) } : {}),
  };
}

export type Reuse = 'prompt' | 'seed' | 'all' | keyof Draft;

/** Carries a recipe, or one part of it, from a finished generation into the draft. */
export function reuse(draft: Draft, g: Generation, what: Reuse, seed = g.seed): Draft {
  const all: Draft = {
    prompt: g.prompt,
    negative: g.negative_prompt,
    model: g.model,
    style: g.style,
    width: g.width,
    height: g.height,
    count: g.count,
    seed,
    steps: g.steps,
    guidance: g.guidance_scale,
    adherence: g.adherence,
    transparent: g.transparent,
    ...shownBy(g),
  };
  // A preset is said by its name, which sets the steps again.
  if (all.quality) all.steps = null;
  if (what === 'all') return all;
  if (what === 'width' || what === 'height') return { ...draft, width: g.width, height: g.height };
  return { ...draft, [what]: all[what] };
}

/** The request for the same recipe with another seed. */
export function moreLike(g: Generation): GenerationRequest {
  const again = showAgain(g.shown);
  const dictates = again.mask !== undefined || again.expand !== undefined;
  return {
    prompt: g.prompt,
    ...(g.negative_prompt ? { negative_prompt: g.negative_prompt } : {}),
    model: g.model,
    style: g.style,
    ...(dictates ? {} : { width: g.width, height: g.height, transparent: g.transparent }),
    count: g.count,
    steps: g.steps,
    guidance_scale: g.guidance_scale,
    adherence: g.adherence,
    ...again,
    ...(g.team_id ? { pays_with: `team:${g.team_id}` } : {}),
  };
}
