// The studio's HTTP contract as the server speaks it. Amounts are milli-tokens in fields ending in `_mt`; times are
// RFC 3339 in UTC. Names are the wire's own.

export type LayerKind = 'promo' | 'daily' | 'team' | 'plan' | 'bank' | 'topup' | 'debt';

export interface Layer {
  kind: LayerKind;
  available_mt: number;
  expires_at: string | null;
}

export interface Balance {
  available_mt: number;
  held_mt: number;
  /** In a bank that waits for a plan that has one. */
  frozen_mt?: number;
  frozen_until?: string | null;
  layers: Layer[];
  renews_at: string | null;
  daily_mt: number;
  monthly_mt: number;
  /** After a payment was taken back: what arrives pays it off first. */
  owed_mt?: number;
}

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

/** A time that is foretold: nine of ten lie between low and high. */
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

export interface Plan {
  name: string;
  title: string;
  daily_mt: number;
  monthly_mt: number;
  bank_cap_mt: number;
  concurrency: number;
  queue: number;
}

export interface Wallet {
  balance: Balance;
  plan: Plan;
  credits: { available_mc: number; held_mc: number; owed_mc: number };
  /** Null while the spending says nothing. */
  forecast: Forecast | null;
}

/** How long the tokens last at the pace of the last days. */
export interface Forecast {
  pace_mt: number;
  basis_days: number;
  /** Null = longer than horizon_days. */
  days: number | null;
  runs_out_at: string | null;
  horizon_days: number;
}

export const journalOps = [
  'grant',
  'hold',
  'capture',
  'release',
  'expire',
  'roll',
  'takeback',
  'debt',
  'repay',
] as const;

export interface JournalEntry {
  seq: number;
  at: string;
  op: (typeof journalOps)[number];
  amount_mt: number;
  moved_mt: number;
  layer: LayerKind | '';
  generation_id: string | null;
  model: string | null;
  prompt: string | null;
  /** Who made the generation, in a team's journal. */
  member?: string | null;
  note: string;
}

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  created_at: string;
  last_used_at: string | null;
  /** tokens, credits, or team: and an id. */
  pays_with: string;
  /** Most that it may use in a UTC month; 0 = no bound. */
  budget_mt: number;
  used_mt: number;
}

export interface NewApiKey {
  id: string;
  name: string;
  prefix: string;
  created_at: string;
  /** The whole key; the server tells it this once. */
  key: string;
}

export type Unit = 'tokens' | 'credits';

/** Which lines of the journal are wanted; what is left out does not matter. Times are RFC 3339. */
export interface JournalFilter {
  of?: Unit;
  op?: string;
  layer?: string;
  model?: string;
  generation?: string;
  from?: string;
  to?: string;
}

export const alertKinds = ['pool', 'daily', 'credits', 'expiring', 'payment'] as const;
export type AlertKind = (typeof alertKinds)[number];
export type AlertWay = 'off' | 'page' | 'mail';

export interface Alert {
  id: string;
  kind: AlertKind;
  title: string;
  text: string;
  created_at: string;
  /** Whose pool or plan it is about; null = one's own. */
  team_id: string | null;
}

export interface AlertSettings {
  ways: Record<AlertKind, AlertWay>;
  credits_below_mc: number;
  can_mail: boolean;
  email: string;
}

// Money is in fields ending in `_micros`: millionths of a US dollar. Of plans, packs and payments, tokens and credits
// both end in `_mt`; `of` says which they are.

/** What can be paid for here; without a checkout the operator gives by hand or sells codes. */
export interface PaymentTerms {
  checkout: boolean;
  test: boolean;
  trial_days: number;
  trial_mt: number;
}

export type Cycle = '' | 'month' | 'year';

export interface PlanOffer {
  of: Unit;
  name: string;
  title: string;
  daily_mt: number;
  monthly_mt: number;
  bank_cap_mt: number;
  concurrency: number;
  queue: number;
  relaxed: boolean;
  uploads: number;
  requests_per_minute: number;
  month_micros: number;
  year_micros: number;
  /** Of a plan for teams the fewest seats: amounts and prices are those of one. 0 = for one person. */
  min_seats: number;
  current: boolean;
}

export interface Subscription {
  of: Unit;
  plan: string;
  title: string;
  state: 'settled' | 'trial' | 'past_due' | 'cancelled' | 'changing';
  cycle: Cycle;
  since: string;
  paid_until: string | null;
  grace_until: string | null;
  next: { plan: string; title: string; cycle: Cycle; seats: number; at: string } | null;
  renewal_micros: number;
  /** Of a team; 0 = one person. */
  seats: number;
  version: number;
  trial_open: boolean;
  owed_mt: number;
}

export interface PlanWish {
  of: Unit;
  action: 'change' | 'cancel' | 'resume' | 'try';
  plan?: string;
  cycle?: 'month' | 'year';
  /** Of a team; left out: those there are. */
  seats?: number;
}

export interface PlanPreview {
  action: 'start' | 'upgrade' | 'downgrade' | 'switch' | 'cancel' | 'resume' | 'try';
  plan: string;
  title: string;
  cycle: Cycle;
  seats: number;
  price_micros: number;
  tokens_mt: number;
  at: string;
  next_micros: number;
  next_at: string | null;
  ends_at: string | null;
  shown_at: string;
  version: number;
}

export interface PlanChanged {
  subscription: Subscription;
  payment: Payment | null;
  pay_url: string | null;
}

export interface Pack {
  of: Unit;
  name: string;
  title: string;
  amount_mt: number;
  price_micros: number;
  thousand_micros: number;
}

export interface PackList {
  items: Pack[];
  /** Up to an amount (0 = no end) a thousand costs a rate; what is beyond costs the next one. */
  tiers: { up_to_mt: number; thousand_micros: number }[];
  least_mt: number;
  most_mt: number;
  step_mt: number;
}

export interface Payment {
  id: string;
  kind: 'pack' | 'topup' | 'start' | 'upgrade' | 'renewal';
  of: Unit;
  state: 'open' | 'failed' | 'paid' | 'stuck' | 'refunded' | 'disputed' | 'chargedback';
  reason: string;
  price_micros: number;
  received_micros: number;
  refunded_micros: number;
  tokens_mt: number;
  taken_mt: number;
  plan_title: string | null;
  cycle: Cycle | null;
  seats: number;
  pack: string | null;
  created_at: string;
  paid_at: string | null;
  paid_until: string | null;
  receipt_url: string | null;
}

export interface AutoTopUp {
  of: Unit;
  enabled: boolean;
  threshold_mt: number;
  pack: string;
  amount_mt: number;
  price_micros: number;
  ceiling_micros: number;
  spent_micros: number;
  verdict: 'off' | 'enough' | 'waiting' | 'ceiling' | 'no_method' | 'buy' | 'not_possible';
  reason: string;
  retry_at: string | null;
}

export interface AutoTopUpTerms {
  of: Unit;
  enabled: boolean;
  threshold_mt: number;
  pack?: string;
  amount_mt?: number;
  ceiling_micros: number;
}

export type TeamRole = 'owner' | 'admin' | 'member' | 'billing';

export type TeamAction =
  | 'see_team'
  | 'see_work'
  | 'spend'
  | 'spend_by_key'
  | 'delete_work'
  | 'see_usage'
  | 'see_journal'
  | 'invite'
  | 'set_limits'
  | 'manage_members'
  | 'rename'
  | 'manage_plan'
  | 'transfer'
  | 'dissolve'
  | 'leave';

export interface Member {
  account_id: string;
  email: string;
  role: TeamRole;
  /** Most in a UTC month; null = no limit. */
  limit_mt: number | null;
  /** In this UTC month; null = not for you. */
  used_mt: number | null;
  joined_at: string;
}

/** A team as one of its members sees it; in lists without the members. */
export interface Team {
  id: string;
  name: string;
  role: TeamRole;
  may: TeamAction[];
  created_at: string;
  dissolved_at: string | null;
  seats: number;
  taken: number;
  limit_mt: number | null;
  used_mt: number;
  plan: { name: string; title: string; state: string; monthly_mt: number; bank_cap_mt: number };
  balance: Balance;
  members: Member[];
}

export interface Invitation {
  id: string;
  email: string | null;
  role: Exclude<TeamRole, 'owner'>;
  limit_mt: number | null;
  invited_by: string;
  created_at: string;
  expires_at: string;
}

/** The token is told this once. */
export type NewInvitation = Invitation & { token: string; mailed: boolean };

export interface InvitationRequest {
  email?: string;
  role: Exclude<TeamRole, 'owner'>;
  limit_mt?: number;
}

/** What an invitation is for. */
export interface Invited {
  team_id: string;
  team_name: string;
  role: Exclude<TeamRole, 'owner'>;
  limit_mt: number | null;
  invited_by: string;
  for_you: boolean;
  member: boolean;
  expires_at: string;
}

export interface UsageItem {
  account_id: string;
  email: string;
  here: boolean;
  model: string;
  generations: number;
  used_mt: number;
}

export interface TeamUsage {
  from: string;
  until: string;
  used_mt: number;
  items: UsageItem[];
}
