import { ApiError, errorFrom } from './errors';
import type { Alert, Wallet } from './moneyTypes';
import type { Team } from './teamTypes';
import type {
  Generation,
  GenerationRequest,
  Line,
  Model,
  Page,
  Quote,
  Session,
  Shape,
  Upload,
} from './types';

export const BASE = '/api/studio';

interface Options {
  method?: string;
  body?: unknown;
  /** Sent as it is, in place of body. */
  file?: Blob;
  signal?: AbortSignal;
  headers?: Record<string, string>;
  /** Let the request outlive the page. */
  keepalive?: boolean;
}

/** Sends one request with the session cookie. Fails with ApiError only. */
export async function send<T>(path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.file) headers['Content-Type'] = options.file.type || 'application/octet-stream';
  let res: Response;
  try {
    res = await fetch(BASE + path, {
      method: options.method ?? 'GET',
      credentials: 'same-origin',
      headers,
      body: options.file ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      signal: options.signal,
      keepalive: options.keepalive,
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiError(0, { code: 'offline', detail: 'The studio cannot be reached.' });
  }
  if (!res.ok) throw await errorFrom(res);
  if (res.status === 204) return undefined as T;
  try {
    return (await res.json()) as T;
  } catch {
    throw new ApiError(res.status, {
      code: 'unreadable',
      detail: 'The studio answered something unreadable.',
    });
  }
}

export const page = (limit: number, cursor: string | null) =>
  `?limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
export const at = (id: string) => encodeURIComponent(id);

/** The calls of the contract that more than one page needs, one line each. */
export const api = {
  session: () => send<Session>('/session'),
  signOut: () => send<void>('/signout', { method: 'POST' }),

  models: async () => (await send<{ items: Model[] }>('/models')).items,
  quote: (request: GenerationRequest, signal?: AbortSignal) =>
    send<Quote>('/quote', { method: 'POST', body: request, signal }),

  /** seen_mt is the price on the button: a higher one is refused. 0, as of relaxed work done again, bounds nothing. */
  generate: (request: GenerationRequest, idempotencyKey: string, seen_mt: number, lane?: 'relaxed') =>
    send<Generation>('/generations', {
      method: 'POST',
      body: request,
      headers: {
        'Idempotency-Key': idempotencyKey,
        ...(seen_mt > 0 ? { 'Bottega-Max-Price': String(seen_mt) } : {}),
        ...(lane ? { 'Bottega-Lane': lane } : {}),
      },
    }),
  generations: (cursor: string | null, limit = 24) =>
    send<Page<Generation>>(`/generations${page(limit, cursor)}`),
  generation: (id: string) => send<Generation>(`/generations/${at(id)}`),
  cancel: (id: string) => send<Generation>(`/generations/${at(id)}/cancel`, { method: 'POST' }),
  remove: (id: string, keepalive = false) =>
    send<void>(`/generations/${at(id)}`, { method: 'DELETE', keepalive }),

  /** Before another one of one's own, `first` for before all; '' is behind all. */
  move: (id: string, before: string) =>
    send<void>(`/generations/${at(id)}/place`, { method: 'PUT', body: { before } }),
  keepBack: (id: string, paused: boolean) =>
    send<void>(`/generations/${at(id)}/paused`, { method: 'PUT', body: { paused } }),
  line: () => send<Line>('/queue'),

  upload: (file: Blob, purpose: Upload['purpose'] = 'picture') =>
    send<Upload>(`/uploads?purpose=${purpose}`, { method: 'POST', file }),
  uploads: (cursor: string | null, limit = 24) => send<Page<Upload>>(`/uploads${page(limit, cursor)}`),
  removeUpload: (id: string) => send<void>(`/uploads/${at(id)}`, { method: 'DELETE' }),
  picture: (id: string) => send<Shape>(`/pictures/${at(id)}`),

  wallet: () => send<Wallet>('/wallet'),
  alerts: async () => (await send<{ items: Alert[] }>('/alerts')).items,
  dismissAlert: (id: string) => send<void>(`/alerts/${at(id)}/dismiss`, { method: 'POST' }),

  teams: async () => (await send<{ items: Team[] }>('/teams')).items,
};
