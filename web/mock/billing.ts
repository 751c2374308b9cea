// What the mock knows of plans, packs and payments: enough to look at every page.
import { randomUUID } from 'node:crypto';
import type {
  Alert,
  AlertSettings,
  AutoTopUp,
  PackList,
  Payment,
  PaymentTerms,
  PlanOffer,
  PlanPreview,
  Subscription,
  Unit,
} from '../src/api/moneyTypes';

const inDays = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString();

/** An account whose e-mail begins with "rich" is in a studio that takes payments. */
export const paymentTerms = (email: string): PaymentTerms => ({
  checkout: email.startsWith('rich'),
  test: true,
  trial_days: 7,
  trial_mt: 500_000,
});

export const someAlerts = (): Alert[] => [
  {
    id: randomUUID(),
    kind: 'pool',
    title: "5 % of this month's tokens are left",
    text: '1,240 of the 25,000 tokens that Artisan brought this month are left. The next ones come on 3 December 2026, 12:00 UTC.',
    created_at: inDays(0),
    team_id: null,
  },
  {
    id: randomUUID(),
    kind: 'expiring',
    title: '20 tokens expire soon',
    text: '20 tokens that were a gift expire on 26 November 2026, 12:00 UTC.',
    created_at: inDays(-1),
    team_id: null,
  },
];

export const alertDefaults = (): Omit<AlertSettings, 'email'> => ({
  ways: { pool: 'mail', daily: 'page', credits: 'mail', expiring: 'mail', payment: 'mail' },
  credits_below_mc: 500_000,
  can_mail: true,
});

const plan = (name: string, title: string, monthly: number, month: number, year: number): PlanOffer => ({
  of: 'tokens',
  name,
  title,
  daily_mt: monthly ? 0 : 150_000,
  monthly_mt: monthly * 1000,
  bank_cap_mt: monthly * 3000,
  concurrency: monthly ? 3 : 1,
  queue: 10,
  relaxed: monthly > 10_000,
  uploads: 1000,
  requests_per_minute: 0,
  month_micros: month * 1_000_000,
  year_micros: year * 1_000_000,
  min_seats: 0,
  current: name === 'apprentice',
});

export const plans = (of: Unit): PlanOffer[] =>
  of === 'credits'
    ? [
        {
          ...plan('api-payg', 'Pay as you go', 0, 0, 0),
          of,
          daily_mt: 0,
          queue: 0,
          concurrency: 0,
          requests_per_minute: 60,
          current: true,
        },
        {
          ...plan('api-basic', 'API Basic', 3500, 9, 0),
          of,
          queue: 0,
          concurrency: 0,
          requests_per_minute: 120,
          bank_cap_mt: 0,
        },
      ]
    : [
        plan('free', 'Free', 0, 0, 0),
        plan('apprentice', 'Apprentice', 8500, 12, 120),
        plan('artisan', 'Artisan', 25_000, 30, 288),
        plan('maestro', 'Maestro', 60_000, 60, 576),
      ];

export const subscription = (of: Unit): Subscription => ({
  of,
  plan: of === 'credits' ? 'api-payg' : 'apprentice',
  title: of === 'credits' ? 'Pay as you go' : 'Apprentice',
  state: 'settled',
  cycle: of === 'credits' ? '' : 'month',
  since: inDays(-20),
  paid_until: of === 'credits' ? null : inDays(10),
  grace_until: null,
  next: null,
  renewal_micros: of === 'credits' ? 0 : 12_000_000,
  seats: 0,
  version: 1,
  trial_open: false,
  owed_mt: 0,
});

export const preview = (wish: Record<string, unknown>): PlanPreview => ({
  action: wish.action === 'change' ? 'upgrade' : (wish.action as 'cancel'),
  plan: String(wish.plan ?? 'apprentice'),
  title: 'Artisan',
  cycle: 'month',
  seats: 0,
  price_micros: wish.action === 'change' ? 6_040_000 : 0,
  tokens_mt: wish.action === 'change' ? 5_543_000 : 0,
  at: inDays(0),
  next_micros: wish.action === 'change' ? 30_000_000 : 0,
  next_at: inDays(10),
  ends_at: wish.action === 'cancel' ? inDays(10) : null,
  shown_at: inDays(0),
  version: 1,
});

export const packs = (of: Unit): PackList => ({
  items: [5000, 15_000, 50_000].map((n, i) => ({
    of,
    name: ['small', 'medium', 'large'][i] ?? '',
    title: ['Small', 'Medium', 'Large'][i] ?? '',
    amount_mt: n * 1000,
    price_micros: [9_000_000, 24_000_000, 69_000_000][i] ?? 0,
    thousand_micros: [1_800_000, 1_600_000, 1_380_000][i] ?? 0,
  })),
  tiers: [
    { up_to_mt: 5_000_000, thousand_micros: 1_800_000 },
    { up_to_mt: 25_000_000, thousand_micros: 1_500_000 },
    { up_to_mt: 0, thousand_micros: 1_200_000 },
  ],
  least_mt: 1_000_000,
  most_mt: 5_000_000_000,
  step_mt: 1_000_000,
});

export const autoTopUp = (of: Unit): AutoTopUp => ({
  of,
  enabled: false,
  threshold_mt: 0,
  pack: '',
  amount_mt: 0,
  price_micros: 0,
  ceiling_micros: 0,
  spent_micros: 0,
  verdict: 'off',
  reason: '',
  retry_at: null,
});

export const payments = (): Payment[] =>
  (['paid', 'refunded', 'failed'] as const).map((state, i) => ({
    id: randomUUID(),
    seats: 0,
    kind: i ? 'pack' : 'renewal',
    of: 'tokens',
    state,
    reason: '',
    price_micros: i ? 24_000_000 : 12_000_000,
    received_micros: state === 'failed' ? 0 : i ? 24_000_000 : 12_000_000,
    refunded_micros: state === 'refunded' ? 24_000_000 : 0,
    tokens_mt: 15_000_000,
    taken_mt: 0,
    plan_title: i ? null : 'Apprentice',
    cycle: i ? null : 'month',
    pack: i ? 'medium' : null,
    created_at: inDays(-i * 9 - 1),
    paid_at: state === 'failed' ? null : inDays(-i * 9 - 1),
    paid_until: i ? null : inDays(10),
    receipt_url: state === 'failed' ? null : 'https://pay.example.com/receipt',
  }));
