import { afterEach, describe, expect, it, vi } from 'vitest';
import { api } from './client';
import { ApiError } from './errors';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => new Response(body === null ? null : JSON.stringify(body), { status, headers })),
  );

async function failure(): Promise<ApiError> {
  try {
    await api.session();
  } catch (e) {
    return e as ApiError;
  }
  throw new Error('it succeeded');
}

afterEach(() => vi.unstubAllGlobals());

describe('an error answer', () => {
  it('keeps what each field did wrong', async () => {
    answer(422, {
      code: 'invalid_request',
      detail: 'No.',
      errors: [{ field: 'width', message: 'must be a multiple of 8', allowed: '32 to 1536' }],
    });
    const e = await failure();
    expect(e.code).toBe('invalid_request');
    expect(e.field('width')).toBe('must be a multiple of 8 (32 to 1536)');
    expect(e.field('height')).toBeUndefined();
  });

  it('finds a field by the end of a longer name', async () => {
    answer(422, { errors: [{ field: 'body.width', message: 'no' }] });
    expect((await failure()).field('width')).toBe('no');
  });

  it('tells how many tokens are missing', async () => {
    answer(402, {
      code: 'insufficient_tokens',
      details: {
        price_mt: 4000,
        available_mt: 1000,
        missing_mt: 3000,
        next_tokens_at: '2026-11-24T00:00:00Z',
      },
    });
    expect((await failure()).shortfall).toEqual({
      price_mt: 4000,
      available_mt: 1000,
      missing_mt: 3000,
      next_tokens_at: '2026-11-24T00:00:00Z',
    });
  });

  it('says how long to wait', async () => {
    answer(429, { code: 'rate_limited' }, { 'Retry-After': '7' });
    expect((await failure()).retryAfter).toBe(7);
  });

  it('is an ApiError even when it is no problem document', async () => {
    vi.stubGlobal('fetch', async () => new Response('<html>', { status: 502, statusText: 'Bad Gateway' }));
    const e = await failure();
    expect(e).toBeInstanceOf(ApiError);
    expect(e.status).toBe(502);
  });

  it('is called offline when there was no answer', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('network');
    });
    expect((await failure()).offline).toBe(true);
  });
});

it('says the words of the server as a sentence', async () => {
  answer(429, { detail: 'wait until one has finished' });
  expect((await failure()).message).toBe('Wait until one has finished.');
});

describe('requests', () => {
  it('carry the idempotency key of a wish', async () => {
    answer(200, {});
    await api.generate({ prompt: 'a fox' }, 'key-1', 3000);
    const [url, init] = vi.mocked(fetch).mock.calls[0] ?? [];
    expect(url).toBe('/api/studio/generations');
    expect(init?.headers).toMatchObject({ 'Idempotency-Key': 'key-1', 'Bottega-Max-Price': '3000' });
  });

  it('escape what comes from elsewhere', async () => {
    answer(200, { items: [], next: null });
    await api.generations('a b&c', 10);
    expect(vi.mocked(fetch).mock.calls[0]?.[0]).toBe('/api/studio/generations?limit=10&cursor=a%20b%26c');
  });
});
