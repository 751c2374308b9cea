// The studio's HTTP contract as the server speaks it. Amounts are milli-tokens in fields ending in `_mt`; times are
// RFC 3339 in UTC. Names are the wire's own. What it says of money and of teams stands in moneyTypes.ts and teamTypes.ts;
// what one folder alone asks for, in that folder's api.ts.
import type { Balance, Layer, PaymentTerms } from './moneyTypes';

export interface Account {
  id: string;
  email: string;
  plan: string;
  plan_title: string;
  role: 'user' | 'owner';
  created_at: string;
}

export interface Session {
  account: Account;
  balance: Balance;
  studio: { version: string; signup_open: boolean };
  payments: PaymentTerms;
}

export interface Status {
  version: string;
  signup_open: boolean;
  models_ready: boolean;
}

export interface Range {
  min: number;
  max: number;
  step: number;
  default: number;
}

export interface Style {
  id: string;
  title: string;
}

export interface Model {
  id: string;
  name: string;
  title: string;
  version: string;
  description: string;
  preview: boolean;
  width: Range;
  height: Range;
  count: Range;
  steps: Range;
  guidance: Range;
  adherence: Range;
  max_prompt: number;
  styles: Style[];
  default_style: string;
  negative_prompt: boolean;
  transparent: boolean;
  /** Of a picture to start from; max 0 where the model cannot. */
  strength: Range;
  /** Repaints and extends a part. */
  masks: boolean;
  erase: boolean;
  references: { kind: ReferenceKind; strength: Range }[];
  max_references: number;
  max_boxes: number;
  tile: boolean;
  /** Presets of steps, the default first. */
  qualities: { id: string; title: string; steps: number }[];
}

export type ReferenceKind = 'style' | 'content' | 'character' | 'edge';

/** A picture to look at. */
export interface Reference {
  image: string;
  kind: ReferenceKind;
  strength?: number;
}

/** A thing at a place, in fractions of the picture, y down. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  prompt: string;
}

/** Pixels added on each side. */
export interface Expansion {
  left?: number;
  top?: number;
  right?: number;
  bottom?: number;
}

/** What a request shows beside its words. */
export interface Showing {
  quality?: string;
  background?: string;
  tile?: boolean;
  init_image?: string;
  strength?: number;
  mask?: string;
  expand?: Expansion;
  erase?: boolean;
  references?: Reference[];
  boxes?: Box[];
}

/** A picture that others can be made from: an upload or a generated one. */
export interface Shape {
  id: string;
  origin: 'upload' | 'generated';
  width: number;
  height: number;
  has_alpha: boolean;
  placeholder: string;
  url: string;
  preview_url: string;
  thumb_url: string;
}

/** A picture of one's own. */
export interface Upload {
  id: string;
  purpose: 'picture' | 'mask';
  width: number;
  height: number;
  bytes: number;
  has_alpha: boolean;
  placeholder: string;
  url: string;
  preview_url: string;
  thumb_url: string;
  created_at: string;
  expires_at: string | null;
}

/** What is asked for. A field left out takes the model's default; adherence −1 means without a reference. */
export interface GenerationRequest extends Showing {
  prompt: string;
  negative_prompt?: string;
  model?: string;
  style?: string;
  width?: number;
  height?: number;
  count?: number;
  seed?: number;
  steps?: number;
  guidance_scale?: number;
  adherence?: number;
  transparent?: boolean;
  /** `team:` and the id of the team whose tokens pay; left out: one's own. */
  pays_with?: string;
}

export interface QuoteLine {
  text: string;
  amount_mt: number;
}

export interface Quote {
  total_mt: number;
  lines: QuoteLine[];
  sheet_version: number;
  available_mt: number;
  enough: boolean;
  after_mt?: number;
  draws?: { layer: Layer['kind']; amount_mt: number; left_mt: number }[];
  alternatives?: Alternative[];
  /** What one may still use, where a team pays and has set one a limit. */
  allowance?: { limit_mt: number; used_mt: number; left_mt: number; resets_at: string } | null;
}

/** A cheaper way to nearly the same. */
export interface Alternative {
  name: 'draft' | 'smaller' | 'single' | 'relaxed';
  text: string;
  total_mt: number;
  change?: Record<string, unknown>;
  /** Of the relaxed lane, until it is finished; null = nothing was measured yet. */
  wait?: Wait | null;
}

export interface Wait {
  from_seconds: number;
  to_seconds: number;
}

export interface Source {
  id: string;
  title: string;
  author: string;
  licence: string;
  origin: string;
  url: string;
}

/** A picture that another one was made from. */
export interface Input {
  id: string;
  role: 'init' | 'mask' | ReferenceKind;
  origin: 'upload' | 'generated';
  strength: number;
}

/** What a picture was made from; the same facts are written into the file. */
export interface Recipe {
  generator: string;
  kind: string;
  model: string;
  model_version: string;
  prompt: string;
  negative_prompt: string;
  style: string;
  seed: number;
  steps: number;
  guidance_scale: number;
  adherence: number;
  transparent: boolean;
  width: number;
  height: number;
  generated_width: number;
  generated_height: number;
  inputs: Input[] | null;
  sources: Source[] | null;
  notes: string[] | null;
  created_at: string;
}

export interface Picture {
  id: string;
  index: number;
  seed: number;
  width: number;
  height: number;
  bytes: number;
  has_alpha: boolean;
  placeholder: string;
  url: string;
  download_url: string;
  webp_url: string;
  preview_url: string;
  thumb_url: string;
  recipe: Recipe;
}

export type GenerationState = 'waiting' | 'running' | 'complete' | 'failed' | 'cancelled';

export interface Generation {
  id: string;
  kind: string;
  state: GenerationState;
  /** Place in line from 1 while waiting, otherwise 0, also while it is kept back. */
  position: number;
  /** When it is expected to start; null when it is not waiting, or not known. */
  starts: Expected | null;
  /** It waits and is kept back by its owner. */
  paused: boolean;
  /** It waits and the owner of the studio lets nothing of its account or its lane start. */
  stopped?: '' | 'account' | 'lane';
  /** It waits, and its model has to be brought into memory first; null = that is not so. */
  loading?: Loading | null;
  lane?: 'fast' | 'relaxed';
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  prompt: string;
  negative_prompt: string;
  model: string;
  model_title: string;
  style: string;
  width: number;
  height: number;
  count: number;
  seed: number;
  steps: number;
  guidance_scale: number;
  adherence: number;
  transparent: boolean;
  /** As it can be sent again; empty and zero where nothing was shown. */
  shown: Required<Showing>;
  price_mt: number;
  charged_mt: number;
  /** Of the team that pays and whose members see it; null = one's own. */
  team_id?: string | null;
  /** Account. */
  made_by?: string;
  failure: { code: string; message: string } | null;
  images: Picture[] | null;
}

/** A time that is foretold: eight of ten or more are to lie between low and high. */
export interface Expected {
  at: string;
  low: string;
  high: string;
}

/** Where waiting work stands now. */
export type Place = Pick<Generation, 'id' | 'position' | 'starts' | 'paused' | 'stopped' | 'loading'>;

/** How far a model is on its way into memory. */
export interface Loading {
  done_bytes: number;
  /** 0 = not known. */
  total_bytes: number;
  /** Null = not known. */
  percent: number | null;
  /** When the model is expected to work; null = not known. */
  ready_at: string | null;
}

/** One's own part of the line. */
export interface Line {
  /** Nothing of it starts; what runs goes on. */
  paused: boolean;
  /** Why the owner of the studio lets nothing of it start; empty = it may. */
  stopped?: string;
  running: number;
  waiting: number;
  /** Kept back one by one. */
  kept: number;
  /** When the last of it is expected to be done. */
  done: Expected | null;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** One step of a running generation; these may be dropped on the way. */
export interface Progress {
  id: string;
  image: number;
  images: number;
  step: number;
  steps: number;
  fraction: number;
  preview?: string;
}
