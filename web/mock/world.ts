// The mock's world: accounts, tokens and generations in memory, and the script a generation runs by.
import { randomUUID } from 'node:crypto';
import type { Alert, Balance, JournalEntry } from '../src/api/moneyTypes';
import type { Generation, GenerationRequest, Line, Picture, Session, Shape, Upload } from '../src/api/types';
import { emptyShowing } from '../src/create/showing.ts';
import type { ApiKey } from '../src/keys/api';
import { dataUrl, drawSvg, placeholder } from './art.ts';
import { alertDefaults, paymentTerms, someAlerts } from './billing.ts';
import { house, models, price } from './models.ts';

export type Tell = (event: string, data: unknown, id?: number) => void;

const sources = [
  ['fox', 'Fox', 'Flat drawings', 'MIT'],
  ['palette', 'Artist palette', 'Clean drawings', 'CC-BY-4.0'],
] as const;

export class Person {
  readonly id = randomUUID();
  readonly created = new Date().toISOString();
  generations: Generation[] = [];
  journal: JournalEntry[] = [];
  keys: ApiKey[] = [];
  alerts: Alert[] = someAlerts();
  told = alertDefaults();
  uploads: Upload[] = [];
  uploaded = new Map<string, Buffer>();
  streams = new Set<Tell>();
  asked = new Map<string, Generation>();
  events = 0;
  /** What waits, the next one first. */
  order: Generation[] = [];
  paused = false;
  available: number;
  held = 0;

  constructor(
    readonly email: string,
    readonly password: string,
    readonly role: 'user' | 'owner',
    readonly pace: number,
  ) {
    this.available = email.startsWith('poor') ? 1200 : 148_500;
    this.write('grant', this.available, null, 'daily tokens');
  }

  write(op: JournalEntry['op'], amount_mt: number, g: Generation | null, note: string) {
    this.journal.unshift({
      seq: this.journal.length + 1,
      at: new Date().toISOString(),
      op,
      amount_mt,
      layer: 'daily',
      moved_mt: Math.abs(amount_mt) || (g?.price_mt ?? 0),
      generation_id: g?.id ?? null,
      model: g?.model ?? null,
      prompt: g?.prompt ?? null,
      note,
    });
  }

  balance(): Balance {
    const midnight = new Date();
    midnight.setUTCHours(24, 0, 0, 0);
    const poor = this.email.startsWith('poor');
    const daily = Math.min(this.available, poor ? this.available : 98_500);
    return {
      available_mt: this.available,
      held_mt: this.held,
      layers: [
        { kind: 'daily', available_mt: daily, expires_at: midnight.toISOString() },
        ...(poor
          ? []
          : [
              {
                kind: 'bank' as const,
                available_mt: Math.max(0, this.available - daily - 20_000),
                expires_at: null,
              },
              {
                kind: 'promo' as const,
                available_mt: 20_000,
                expires_at: new Date(Date.now() + 9 * 86_400_000).toISOString(),
              },
            ]),
      ],
      renews_at: midnight.toISOString(),
      daily_mt: 150_000,
      monthly_mt: 0,
    };
  }

  session(): Session {
    return {
      account: {
        id: this.id,
        email: this.email,
        plan: 'free',
        plan_title: 'Free',
        role: this.role,
        created_at: this.created,
      },
      balance: this.balance(),
      studio: { version: '0.1.0-mock', signup_open: true },
      payments: paymentTerms(this.email),
    };
  }

  tell(event: string, data: unknown) {
    const id = ['progress', 'place', 'queue'].includes(event) ? undefined : ++this.events;
    for (const s of this.streams) s(event, data, id);
  }

  /** Keeps a file; only PNGs tell their size. */
  upload(file: Buffer, purpose: Upload['purpose']): Upload {
    const png = file[0] === 0x89;
    const id = randomUUID();
    const url = `/api/studio/uploaded/${id}`;
    const up: Upload = {
      id,
      purpose,
      width: png ? file.readUInt32BE(16) : 512,
      height: png ? file.readUInt32BE(20) : 512,
      bytes: file.length,
      has_alpha: false,
      placeholder: '',
      url,
      preview_url: url,
      thumb_url: url,
      created_at: new Date().toISOString(),
      expires_at: purpose === 'mask' ? new Date(Date.now() + 7 * 86_400_000).toISOString() : null,
    };
    this.uploaded.set(id, file);
    this.uploads.unshift(up);
    return up;
  }

  shape(id: string): Shape | undefined {
    const up = this.uploads.find((u) => u.id === id);
    const made = this.generations.flatMap((g) => g.images ?? []).find((p) => p.id === id);
    const from = up ?? made;
    if (!from) return undefined;
    const { width, height, has_alpha, placeholder: dots, url, preview_url, thumb_url } = from;
    const origin = up ? ('upload' as const) : ('generated' as const);
    return { id, origin, width, height, has_alpha, placeholder: dots, url, preview_url, thumb_url };
  }

  /** What a request fixes: with a mask or an extension the size follows from the start. */
  fixed(r: GenerationRequest) {
    const m = models.find((x) => x.name === r.model) ?? house;
    const start = r.init_image && (r.mask || r.expand) ? this.shape(r.init_image) : undefined;
    return {
      width: start
        ? start.width + (r.expand?.left ?? 0) + (r.expand?.right ?? 0)
        : (r.width ?? m.width.default),
      height: start
        ? start.height + (r.expand?.top ?? 0) + (r.expand?.bottom ?? 0)
        : (r.height ?? m.height.default),
      count: r.count ?? m.count.default,
      steps: m.qualities.find((q) => q.id === r.quality)?.steps ?? r.steps ?? m.steps.default,
    };
  }

  submit(r: GenerationRequest): Generation {
    const m = models.find((x) => x.name === r.model) ?? house;
    const full = this.fixed(r);
    const quote = price({ ...full, references: r.references, tile: r.tile }, this.available);
    const g: Generation = {
      id: randomUUID(),
      kind: 'image',
      state: 'waiting',
      position: 0,
      starts: null,
      paused: false,
      created_at: new Date().toISOString(),
      started_at: null,
      finished_at: null,
      prompt: r.prompt,
      negative_prompt: r.negative_prompt ?? '',
      model: m.name,
      model_title: m.title,
      style: r.style ?? m.default_style,
      ...full,
      seed: r.seed ?? Math.floor(Math.random() * 2 ** 32),
      guidance_scale: r.guidance_scale ?? m.guidance.default,
      adherence: r.adherence ?? m.adherence.default,
      transparent: r.transparent ?? false,
      shown: {
        ...emptyShowing,
        ...Object.fromEntries(Object.keys(emptyShowing).flatMap((k) => (k in r ? [[k, r[k as never]]] : []))),
      },
      price_mt: quote.total_mt,
      charged_mt: 0,
      failure: null,
      images: [],
    };
    this.available -= g.price_mt;
    this.held += g.price_mt;
    this.write('hold', -g.price_mt, g, 'held');
    this.generations.unshift(g);
    this.order.push(g);
    this.lineUp();
    this.tell('generation', g);
    this.tell('balance', this.balance());
    void this.run(g);
    return g;
  }

  private async run(g: Generation) {
    const rest = (ms: number) => new Promise((done) => setTimeout(done, ms * this.pace));
    const live = () => g.state === 'waiting' || g.state === 'running';
    const turn = () =>
      !this.paused &&
      !this.generations.some((x) => x.state === 'running') &&
      this.order.find((x) => !x.paused) === g;
    await rest(250);
    while (live() && !turn()) await rest(100);
    if (!live()) return;
    this.order = this.order.filter((x) => x !== g);
    Object.assign(g, { state: 'running', position: 0, starts: null, started_at: new Date().toISOString() });
    this.lineUp();
    this.tell('generation', g);
    const steps = 8;
    for (let image = 0; image < g.count && live(); image++)
      for (let step = 1; step <= steps && live(); step++) {
        await rest(g.prompt.includes('slow') ? 1500 : 130);
        if (g.prompt.includes('fail') && image > 0) return this.finish(g, 'failed');
        const done = step / steps;
        const preview =
          step % 2 ? undefined : dataUrl(drawSvg({ ...this.sitting(g, image), done: done * 0.95 }));
        if (live())
          this.tell('progress', {
            id: g.id,
            image,
            images: g.count,
            step,
            steps,
            fraction: (image + done) / g.count,
            preview,
          });
      }
    if (live()) this.finish(g, 'complete');
  }

  private seconds = (g: Generation) => g.count * (g.prompt.includes('slow') ? 12 : 1.1) * this.pace;

  private after(seconds: number) {
    const at = (share: number) => new Date(Date.now() + seconds * share * 1000).toISOString();
    return { at: at(1), low: at(0.6), high: at(2.2) };
  }

  /** Gives everything that waits its place and tells of it. */
  lineUp() {
    let place = 0;
    let ahead = this.generations
      .filter((x) => x.state === 'running')
      .reduce((sum, x) => sum + this.seconds(x), 0);
    for (const g of this.order) {
      const back = g.paused || this.paused;
      g.position = back ? 0 : ++place;
      g.starts = back ? null : this.after(ahead);
      if (!back) ahead += this.seconds(g);
      this.tell('place', { id: g.id, position: g.position, starts: g.starts, paused: g.paused });
    }
    this.tell('queue', this.line());
  }

  line(): Line {
    const running = this.generations.filter((x) => x.state === 'running');
    const waiting = this.order.filter((x) => !x.paused);
    const all = this.paused ? running : [...running, ...waiting];
    return {
      paused: this.paused,
      running: running.length,
      waiting: waiting.length,
      kept: this.order.length - waiting.length,
      done: all.length ? this.after(all.reduce((sum, x) => sum + this.seconds(x), 0)) : null,
    };
  }

  /** Puts a waiting one before another, before all, or behind all. Says whether both wait. */
  move(g: Generation, before: string): boolean {
    const rest = this.order.filter((x) => x !== g);
    const at = before === 'first' ? 0 : before ? rest.findIndex((x) => x.id === before) : rest.length;
    if (at < 0 || rest.length === this.order.length) return false;
    this.order = rest.toSpliced(at, 0, g);
    this.lineUp();
    return true;
  }

  sitting(g: Generation, index: number) {
    return {
      prompt: g.prompt,
      width: g.width,
      height: g.height,
      seed: g.seed + index,
      transparent: g.transparent,
    };
  }

  finish(g: Generation, state: 'complete' | 'failed' | 'cancelled') {
    g.state = state;
    g.position = 0;
    g.starts = null;
    this.order = this.order.filter((x) => x !== g);
    this.lineUp();
    g.finished_at = new Date().toISOString();
    this.held -= g.price_mt;
    if (state === 'complete') {
      g.charged_mt = g.price_mt;
      g.images = Array.from({ length: g.count }, (_, i) => this.picture(g, i));
      this.write('capture', 0, g, 'charged');
    } else {
      this.available += g.price_mt;
      this.write('release', g.price_mt, g, state);
      if (state === 'failed')
        g.failure = { code: 'engine_failed', message: 'The painter stopped before the picture was done.' };
    }
    this.tell('generation', g);
    this.tell('balance', this.balance());
  }

  private picture(g: Generation, index: number): Picture {
    const file = `/api/studio/files/${g.id}-${index}`;
    const seed = g.seed + index;
    return {
      id: `${g.id}-${index}`,
      index,
      seed,
      width: g.width,
      height: g.height,
      bytes: 184_320 + index * 1024,
      has_alpha: g.transparent,
      placeholder: placeholder(this.sitting(g, index)),
      url: `${file}.svg`,
      download_url: `${file}.png`,
      webp_url: `${file}.webp`,
      preview_url: `${file}.svg`,
      thumb_url: `${file}.svg`,
      recipe: {
        generator: 'Bottega 0.1.0',
        kind: 'image',
        model: g.model,
        model_version: '0.1.0',
        prompt: g.prompt,
        negative_prompt: g.negative_prompt,
        style: g.style,
        seed,
        steps: g.steps,
        guidance_scale: g.guidance_scale,
        adherence: g.adherence,
        transparent: g.transparent,
        width: g.width,
        height: g.height,
        generated_width: 128,
        generated_height: 128,
        inputs: [
          ...(g.shown.init_image
            ? [
                {
                  id: g.shown.init_image,
                  role: 'init' as const,
                  origin: 'upload' as const,
                  strength: g.shown.strength,
                },
              ]
            : []),
          ...g.shown.references.map((x) => ({
            id: x.image,
            role: x.kind,
            origin: 'upload' as const,
            strength: x.strength ?? 0.6,
          })),
        ],
        sources:
          g.adherence < 0
            ? []
            : sources.map(([id, title, author, licence]) => ({
                id,
                title,
                author,
                licence,
                origin: 'Drawings',
                url: 'https://example.org/drawings',
              })),
        notes: g.prompt.includes('sunset') ? ['“sunset” was read as the background.'] : [],
        created_at: g.finished_at ?? g.created_at,
      },
    };
  }
}
