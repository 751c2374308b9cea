/** One field the server refused, in its words. */
export interface FieldError {
  field: string;
  value?: unknown;
  message: string;
  allowed?: string;
}

/** What a 402 says about the price and the purse. */
export interface Shortfall {
  price_mt: number;
  available_mt: number;
  missing_mt: number;
  next_tokens_at: string | null;
}

/** Makes a server's words, which may be a fragment, a sentence to be shown by itself. */
export function sentence(words: string): string {
  const text = words.trim();
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? '' : '.');
}

interface Problem {
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  errors?: FieldError[];
  details?: Record<string, unknown>;
}

/** An answer other than success. `code` is the server's, or `offline` and `unreadable` for what never was an answer. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: FieldError[];
  readonly details: Record<string, unknown>;
  /** Seconds the server asks to wait, or null. */
  readonly retryAfter: number | null;

  constructor(status: number, problem: Problem, retryAfter: number | null = null) {
    super(sentence(problem.detail || problem.title || `the server answered ${status}`));
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? String(status);
    this.fields = problem.errors ?? [];
    this.details = problem.details ?? {};
    this.retryAfter = retryAfter;
  }

  get offline(): boolean {
    return this.code === 'offline';
  }

  /** The message for one control, or undefined when the server had nothing against it. */
  field(name: string): string | undefined {
    const found = this.fields.find((f) => f.field === name || f.field.endsWith(`.${name}`));
    if (!found) return undefined;
    return found.allowed ? `${found.message} (${found.allowed})` : found.message;
  }

  /** The facts of a 402, or null for any other error. */
  get shortfall(): Shortfall | null {
    if (this.status !== 402) return null;
    const d = this.details;
    return {
      price_mt: Number(d.price_mt ?? 0),
      available_mt: Number(d.available_mt ?? 0),
      missing_mt: Number(d.missing_mt ?? 0),
      next_tokens_at: typeof d.next_tokens_at === 'string' ? d.next_tokens_at : null,
    };
  }
}

/** Reads an error answer; a body that is no problem document still gives an ApiError. */
export async function errorFrom(res: Response): Promise<ApiError> {
  const wait = Number(res.headers.get('Retry-After'));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null;
  let problem: Problem = {};
  try {
    problem = (await res.json()) as Problem;
  } catch {
    problem = { title: res.statusText, code: 'unreadable' };
  }
  return new ApiError(res.status, problem, retryAfter);
}
