// What the server says of tokens, plans and payments. Money is in fields ending in `_micros`: millionths of a US dollar.
// Of plans, packs and payments, tokens and credits both end in `_mt`; `of` says which they are.

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
