// A small server of the studio's contract for development and tests: in memory, scripted, on the dev server's own port.
// Prompts with "fail" fail, with "slow" take long; an account whose e-mail begins with "poor" has few tokens.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JournalEntry } from '../src/api/moneyTypes';
import type { GenerationRequest } from '../src/api/types';
import { drawSvg } from './art.ts';
import { autoTopUp, packs, payments, plans, preview, subscription } from './billing.ts';
import { house, models, price } from './models.ts';
import { drawPng } from './png.ts';
import { Person } from './world.ts';

const BASE = '/api/studio';

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extra: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

interface Call {
  req: IncomingMessage;
  res: ServerResponse;
  url: URL;
  body: Record<string, unknown>;
  file: Buffer;
  person: Person;
}

async function fileOf(req: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function bodyOf(req: IncomingMessage, file: Buffer): Record<string, unknown> {
  const isJson = req.headers['content-type']?.includes('json');
  return isJson && file.length > 0 ? (JSON.parse(file.toString()) as Record<string, unknown>) : {};
}

function json(res: ServerResponse, value: unknown, status = 200) {
  res.writeHead(status, { 'Content-Type': 'application/json' });
  res.end(JSON.stringify(value));
}

function check(r: GenerationRequest, withPrompt: boolean, person: Person) {
  const m = house;
  const errors: unknown[] = [];
  const named: [string, string | undefined][] = [
    ['init_image', r.init_image],
    ['mask', r.mask],
    ...(r.references ?? []).map((x, i) => [`references[${i}].image`, x.image] as [string, string]),
  ];
  for (const [field, id] of named)
    if (id && !person.shape(id))
      errors.push({
        field,
        value: id,
        message: 'is no picture of yours',
        allowed: 'the id of an upload or of a generated picture',
      });
  for (const field of ['width', 'height', 'count', 'steps'] as const) {
    const v = r[field];
    const range = m[field];
    if (v !== undefined && (v < range.min || v > range.max || v % range.step))
      errors.push({
        field,
        value: v,
        message: 'is out of range',
        allowed: `${range.min} to ${range.max} in steps of ${range.step}`,
      });
  }
  if (withPrompt && !r.erase && !r.prompt?.trim())
    errors.push({ field: 'prompt', value: '', message: 'is empty' });
  if (errors.length)
    throw new Refusal(422, 'invalid_request', 'The request cannot be drawn as asked.', { errors });
  return { ...person.fixed(r), references: r.references, tile: r.tile };
}

/** The lines a filter wants, as far as the pages need it here. */
function matching(journal: JournalEntry[], url: URL): JournalEntry[] {
  const want = (name: string) => url.searchParams.get(name);
  if (want('of') === 'credits') return [];
  return journal.filter(
    (e) =>
      (!want('op') || e.op === want('op')) &&
      (!want('layer') || e.layer === want('layer')) &&
      (!want('model') || e.model === want('model')) &&
      (!want('generation') || e.generation_id === want('generation')) &&
      (!want('from') || e.at >= String(want('from'))) &&
      (!want('to') || e.at < String(want('to'))),
  );
}

const unit = (url: URL) => (url.searchParams.get('of') === 'credits' ? 'credits' : 'tokens');

function paged<T>(items: T[], url: URL, fallback: number) {
  const limit = Number(url.searchParams.get('limit') ?? fallback);
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const next = from + limit < items.length ? String(from + limit) : null;
  return { items: items.slice(from, from + limit), next };
}

/** Answers the contract below BASE and passes everything else on. */
export function mockHandler(pace = Number(process.env.MOCK_PACE ?? 1)) {
  const people = new Map<string, Person>();
  const sessions = new Map<string, Person>();

  const start = (res: ServerResponse, person: Person) => {
    const id = randomUUID();
    sessions.set(id, person);
    res.setHeader('Set-Cookie', `mock_session=${id}; Path=/; HttpOnly; SameSite=Lax`);
    json(res, person.session());
  };

  const door: Record<string, (c: Omit<Call, 'person'>) => void> = {
    'GET /status': ({ res }) => json(res, { version: '0.1.0-mock', signup_open: true, models_ready: true }),
    'POST /signup': ({ res, body }) => {
      const email = String(body.email ?? '').toLowerCase();
      const password = String(body.password ?? '');
      const errors: unknown[] = [];
      if (!/.@./.test(email))
        errors.push({ field: 'email', value: email, message: 'is not an e-mail address' });
      if (password.length < 10)
        errors.push({ field: 'password', message: 'is too short', allowed: 'at least 10 characters' });
      if (errors.length)
        throw new Refusal(422, 'invalid_request', 'Some fields need another look.', { errors });
      if (people.has(email))
        throw new Refusal(409, 'email_taken', 'There is an account with this e-mail address.');
      const person = new Person(email, password, 'user', pace);
      people.set(email, person);
      start(res, person);
    },
    'POST /signin': ({ res, body }) => {
      const person = people.get(String(body.email ?? '').toLowerCase());
      if (!person || person.password !== body.password)
        throw new Refusal(401, 'wrong_credentials', 'The e-mail address or the password is wrong.');
      start(res, person);
    },
    'POST /owner': ({ res, body }) => {
      if (body.token !== 'mock')
        throw new Refusal(404, 'not_found', 'This owner link was used or never existed.');
      const person = new Person(String(body.email), String(body.password), 'owner', pace);
      people.set(person.email, person);
      start(res, person);
    },
  };

  const room: Record<string, (c: Call, id: string) => void> = {
    'GET /session': ({ res, person }) => json(res, person.session()),
    'POST /signout': ({ res }) => {
      res.setHeader('Set-Cookie', 'mock_session=; Path=/; Max-Age=0');
      res.writeHead(204).end();
    },
    'GET /models': ({ res }) => json(res, { items: models }),
    'POST /quote': ({ res, body, person }) =>
      json(res, price(check(body as never, false, person), person.available)),
    'POST /generations': ({ req, res, body, person }) => {
      const key = String(req.headers['idempotency-key'] ?? randomUUID());
      const before = person.asked.get(key);
      if (before) return json(res, before);
      const r = body as unknown as GenerationRequest;
      const quote = price(check(r, true, person), person.available);
      if (!quote.enough)
        throw new Refusal(402, 'insufficient_tokens', 'There are not enough tokens for this.', {
          details: {
            price_mt: quote.total_mt,
            available_mt: person.available,
            missing_mt: quote.total_mt - person.available,
            next_tokens_at: person.balance().renews_at,
          },
        });
      const g = person.submit(r);
      person.asked.set(key, g);
      json(res, g);
    },
    'GET /generations': ({ res, url, person }) => json(res, paged(person.generations, url, 24)),
    'GET /generations/:id': ({ res, person }, id) => json(res, found(person, id)),
    'POST /generations/:id/cancel': ({ res, person }, id) => {
      const g = found(person, id);
      if (g.state === 'waiting' || g.state === 'running') person.finish(g, 'cancelled');
      json(res, g);
    },
    'PUT /generations/:id/place': ({ res, body, person }, id) => {
      if (!person.move(found(person, id), String(body.before ?? '')))
        throw new Refusal(409, 'generation_not_waiting', 'Only work that waits can be moved or kept back.');
      res.writeHead(204).end();
    },
    'PUT /generations/:id/paused': ({ res, body, person }, id) => {
      found(person, id).paused = body.paused === true;
      person.lineUp();
      res.writeHead(204).end();
    },
    'GET /queue': ({ res, person }) => json(res, person.line()),
    'PUT /queue': ({ res, body, person }) => {
      person.paused = body.paused === true;
      person.lineUp();
      res.writeHead(204).end();
    },
    'POST /queue/:id': ({ res, person }) => {
      const waiting = person.order.slice();
      for (const g of waiting) person.finish(g, 'cancelled');
      json(res, { cancelled: waiting.length });
    },
    'DELETE /generations/:id': ({ res, person }, id) => {
      const g = found(person, id);
      if (g.state === 'waiting' || g.state === 'running')
        throw new Refusal(409, 'not_final', 'It is still being drawn: cancel it first.');
      person.generations = person.generations.filter((x) => x !== g);
      person.tell('deleted', { id });
      res.writeHead(204).end();
    },
    'POST /uploads': ({ res, url, file, person }) => {
      if (!/^(\x89PNG|\xff\xd8\xff|RIFF)/.test(file.toString('latin1', 0, 4)))
        throw new Refusal(422, 'invalid_request', 'file is not a picture that can be read here.', {
          errors: [
            {
              field: 'file',
              message: 'is not a picture that can be read here',
              allowed: 'a still PNG, JPEG or WebP picture',
            },
          ],
        });
      json(res, person.upload(file, url.searchParams.get('purpose') === 'mask' ? 'mask' : 'picture'));
    },
    'GET /uploads': ({ res, url, person }) =>
      json(
        res,
        paged(
          person.uploads.filter((u) => u.purpose === 'picture'),
          url,
          24,
        ),
      ),
    'DELETE /uploads/:id': ({ res, person }, id) => {
      person.uploads = person.uploads.filter((u) => u.id !== id);
      res.writeHead(204).end();
    },
    'GET /pictures/:id': ({ res, person }, id) => {
      const shape = person.shape(id);
      if (!shape) throw new Refusal(404, 'image_not_found', 'There is no such picture.');
      json(res, shape);
    },
    'GET /uploaded/:id': ({ res, person }, id) => {
      const file = person.uploaded.get(id);
      if (!file) throw new Refusal(404, 'image_not_found', 'There is no such picture.');
      res.writeHead(200, { 'Content-Type': 'image/png', 'Cache-Control': 'max-age=3600' });
      res.end(file);
    },
    'GET /wallet': ({ res, person }) =>
      json(res, {
        credits: { available_mc: 12_500_000, held_mc: 0, owed_mc: 0 },
        forecast: {
          pace_mt: 16_400,
          basis_days: 14,
          days: 9,
          runs_out_at: new Date(Date.now() + 9.3 * 86_400_000).toISOString(),
          horizon_days: 90,
        },
        balance: person.balance(),
        plan: {
          name: 'free',
          title: 'Free',
          daily_mt: 150_000,
          monthly_mt: 0,
          bank_cap_mt: 0,
          concurrency: 1,
          queue: 10,
        },
      }),
    'GET /journal': ({ res, url, person }) => json(res, paged(matching(person.journal, url), url, 50)),
    'GET /journal.csv': ({ res, url, person }) => {
      res.writeHead(200, {
        'Content-Type': 'text/csv',
        'Content-Disposition': 'attachment; filename="bottega-tokens.csv"',
      });
      const rows = matching(person.journal, url).map((e) => `${e.seq},${e.at},${e.op}`);
      res.end(`${['number,time,operation', ...rows].join('\r\n')}\r\n`);
    },
    'POST /codes/:id': ({ res, body, person }) => {
      if (!/^[\w-]{8,}$/.test(String(body.code)))
        throw new Refusal(404, 'code_unknown', 'there is no such code, or it is not valid any more');
      person.available += 20_000;
      person.write('grant', 20_000, null, 'a code');
      person.tell('balance', person.balance());
      json(res, { amount_mt: 20_000 });
    },
    'GET /alerts': ({ res, person }) => json(res, { items: person.alerts }),
    'POST /alerts/:id/dismiss': ({ res, person }, id) => {
      person.alerts = person.alerts.filter((a) => a.id !== id);
      res.writeHead(204).end();
    },
    'GET /alerts/:id': ({ res, person }) => json(res, { ...person.told, email: person.email }),
    'PUT /alerts/:id': ({ res, body, person }) => {
      person.told = { ...person.told, ...body };
      res.writeHead(204).end();
    },
    'GET /plans': ({ res, url }) => json(res, { items: plans(unit(url)) }),
    'GET /subscription': ({ res, url }) => json(res, subscription(unit(url))),
    'POST /subscription/:id': ({ res, body }, id) => {
      if (id !== 'preview')
        throw new Refusal(409, 'payments_off', 'this studio takes no payments: ask its operator');
      json(res, preview(body));
    },
    'GET /packs': ({ res, url }) => json(res, packs(unit(url))),
    'GET /payments': ({ res, url, person }) =>
      json(res, paged(person.email.startsWith('rich') ? payments() : [], url, 50)),
    'GET /auto-top-up': ({ res, url }) => json(res, autoTopUp(unit(url))),
    'PUT /auto-top-up': ({ res, body }) => json(res, { ...autoTopUp('tokens'), ...body }),
    'GET /teams': ({ res }) => json(res, { items: [] }),
    'GET /keys': ({ res, person }) => json(res, { items: person.keys }),
    'POST /keys': ({ res, body, person }) => {
      const secret = `btg_${randomUUID().replaceAll('-', '')}`;
      const key = {
        id: randomUUID(),
        name: String(body.name),
        prefix: secret.slice(0, 10),
        created_at: new Date().toISOString(),
      };
      person.keys.unshift({
        ...key,
        last_used_at: null,
        pays_with: body.pays_with === 'credits' ? 'credits' : 'tokens',
        budget_mt: Number(body.budget_mt ?? 0),
        used_mt: 340_000,
      });
      json(res, { ...key, key: secret });
    },
    'PUT /keys/:id/terms': ({ res, body, person }, id) => {
      person.keys = person.keys.map((k) => (k.id === id ? { ...k, ...body } : k));
      res.writeHead(204).end();
    },
    'DELETE /keys/:id': ({ res, person }, id) => {
      person.keys = person.keys.filter((k) => k.id !== id);
      res.writeHead(204).end();
    },
    'GET /events': ({ req, res, person }) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      res.write(': hello\n\n');
      const tell = (event: string, data: unknown, n?: number) =>
        void res.write(`${n ? `id: ${n}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      person.streams.add(tell);
      req.on('close', () => person.streams.delete(tell));
    },
    'GET /files/:id': ({ res, person }, id) => {
      const [, gid = '', n = '0', kind = 'svg'] = /^(.*)-(\d+)\.(\w+)$/.exec(id) ?? [];
      const sitting = person.sitting(found(person, gid), Number(n));
      if (kind === 'svg') {
        res.writeHead(200, { 'Content-Type': 'image/svg+xml', 'Cache-Control': 'max-age=3600' });
        return void res.end(drawSvg(sitting));
      }
      res.writeHead(200, {
        'Content-Type': 'image/png',
        'Content-Disposition': `attachment; filename="bottega-${n}.${kind}"`,
      });
      res.end(drawPng(sitting.width, sitting.height, sitting.seed, sitting.prompt));
    },
  };

  const found = (person: Person, id: string) => {
    const g = person.generations.find((x) => x.id === id);
    if (!g) throw new Refusal(404, 'not_found', 'There is no such picture.');
    return g;
  };

  async function answer(req: IncomingMessage, res: ServerResponse) {
    const url = new URL(req.url ?? '/', 'http://mock');
    const path = url.pathname.slice(BASE.length);
    const outside = door[`${req.method} ${path}`];
    const file = await fileOf(req);
    const body = bodyOf(req, file);
    if (outside) return outside({ req, res, url, body, file });
    const id = /mock_session=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1] ?? '';
    const person = sessions.get(id);
    if (!person) throw new Refusal(401, 'unauthenticated', 'Sign in first.');
    const [, noun = '', name = '', verb = ''] = path.split('/');
    const inside = room[`${req.method} /${noun}${name ? '/:id' : ''}${verb ? `/${verb}` : ''}`];
    if (!inside) throw new Refusal(404, 'not_found', 'There is nothing here.');
    inside({ req, res, url, body, file, person }, decodeURIComponent(name));
  }

  return (req: IncomingMessage, res: ServerResponse, next: () => void) => {
    if (!req.url?.startsWith(`${BASE}/`)) return next();
    answer(req, res).catch((err: unknown) => {
      const r = err instanceof Refusal ? err : new Refusal(500, 'internal', String(err));
      res.writeHead(r.status, { 'Content-Type': 'application/problem+json' });
      res.end(
        JSON.stringify({
          type: 'about:blank',
          title: r.code,
          status: r.status,
          code: r.code,
          detail: r.message,
          ...r.extra,
        }),
      );
    });
  };
}
