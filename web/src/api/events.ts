// The live stream: server events patch the query cache. EventSource resumes after a break by itself and sends the
// number of the last event it saw; a stream that had to be opened anew looks at the newest generations once.
import type { QueryClient } from '@tanstack/react-query';
import { api, BASE } from './client';
import type { Alert, Balance, Wallet } from './moneyTypes';
import { type Generations, isFinal, place, placed, remove, upsert } from './patch';
import { progressKey, queries } from './queries';
import type { Generation, Line, Place, Progress, Session } from './types';

/** What the page around the stream wants to hear. */
export interface StreamListener {
  onFinished?: (g: Generation) => void;
  onConnection?: (connected: boolean) => void;
}

export function applyGeneration(client: QueryClient, told: Generation): void {
  client.setQueryData<Generations>(queries.generations().queryKey, (data) => upsert(data, told));
  client.setQueryData<Generation>(queries.generation(told.id).queryKey, (known) =>
    known ? told : undefined,
  );
  if (isFinal(told)) client.removeQueries({ queryKey: progressKey(told.id) });
}

export function applyDeleted(client: QueryClient, id: string): void {
  client.setQueryData<Generations>(queries.generations().queryKey, (data) => remove(data, id));
  client.removeQueries({ queryKey: queries.generation(id).queryKey });
}

export function applyPlaces(client: QueryClient, told: Place[]): void {
  client.setQueryData<Generations>(queries.generations().queryKey, (data) => place(data, told));
  for (const p of told)
    client.setQueryData<Generation>(queries.generation(p.id).queryKey, (g) => g && placed(g, p));
}

export function applyLine(client: QueryClient, line: Line): void {
  client.setQueryData<Line>(queries.line().queryKey, line);
}

/** All that is known of a running generation: how far it is, and the last look of each picture, by index from 0. */
export interface Progression {
  fraction: number;
  preview?: string;
  pictures: Record<number, { fraction: number; preview?: string }>;
}

/** Adds one message. A late one must not turn a bar back, and one without a preview keeps the last. */
export function progressed(known: Progression | undefined, told: Progress): Progression {
  const before = known?.pictures[told.image];
  const fraction = Math.max(before?.fraction ?? 0, told.step / Math.max(1, told.steps));
  const preview = told.preview ?? before?.preview;
  return {
    fraction: Math.max(known?.fraction ?? 0, told.fraction),
    preview: told.preview ?? known?.preview,
    pictures: { ...known?.pictures, [told.image]: { fraction, preview } },
  };
}

export function applyProgress(client: QueryClient, told: Progress): void {
  client.setQueryData<Progression>(progressKey(told.id), (known) => progressed(known, told));
}

export function applyAlert(client: QueryClient, told: Alert): void {
  client.setQueryData<Alert[]>(queries.alerts().queryKey, (known) =>
    known?.some((a) => a.id === told.id) ? known : [told, ...(known ?? [])],
  );
}

export function applyBalance(client: QueryClient, balance: Balance): void {
  client.setQueryData<Session>(queries.session().queryKey, (s) => s && { ...s, balance });
  client.setQueryData<Wallet>(queries.wallet().queryKey, (w) => w && { ...w, balance });
  void client.invalidateQueries({ queryKey: ['journal'] });
  void client.invalidateQueries({ queryKey: ['quote'] });
}

/** Fetches the newest page and lays it over what is loaded. */
async function refreshHead(client: QueryClient): Promise<void> {
  if (!client.getQueryData(queries.generations().queryKey)) return;
  try {
    const head = await api.generations(null);
    for (const g of head.items.slice().reverse()) applyGeneration(client, g);
  } catch {
    // The next opening of the stream tries again; what is on the screen stays.
  }
}

function parse<T>(event: Event): T | null {
  try {
    return JSON.parse((event as MessageEvent<string>).data) as T;
  } catch {
    return null; // a broken message is worth less than the page
  }
}

/** Opens the stream and keeps it open until the returned function is called. */
export function openStream(client: QueryClient, listener: StreamListener = {}): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = 1000;
  // Many move at once: they are drawn together.
  let moved: Place[] = [];
  let drawing: ReturnType<typeof setTimeout> | undefined;
  const draw = () => {
    drawing = undefined;
    applyPlaces(client, moved);
    moved = [];
  };

  const connect = () => {
    source = new EventSource(`${BASE}/events`);
    source.onopen = () => {
      wait = 1000;
      listener.onConnection?.(true);
      void refreshHead(client);
      void client.invalidateQueries({ queryKey: queries.alerts().queryKey });
    };
    source.onerror = () => {
      listener.onConnection?.(false);
      if (source?.readyState !== EventSource.CLOSED) return; // it is reconnecting by itself
      void client.invalidateQueries({ queryKey: queries.session().queryKey });
      timer = setTimeout(connect, wait);
      wait = Math.min(wait * 2, 30_000);
    };
    source.addEventListener('generation', (e) => {
      const told = parse<Generation>(e);
      if (!told) return;
      const known = client
        .getQueryData<Generations>(queries.generations().queryKey)
        ?.pages.flatMap((p) => p.items)
        .find((g) => g.id === told.id);
      applyGeneration(client, told);
      // A team's pool is not part of the stream: what moves it is.
      if (told.team_id) void client.invalidateQueries({ queryKey: queries.teams().queryKey });
      if (isFinal(told) && known && !isFinal(known)) listener.onFinished?.(told);
    });
    source.addEventListener('deleted', (e) => {
      const told = parse<{ id: string }>(e);
      if (told) applyDeleted(client, told.id);
    });
    source.addEventListener('progress', (e) => {
      const told = parse<Progress>(e);
      if (told) applyProgress(client, told);
    });
    source.addEventListener('place', (e) => {
      const told = parse<Place>(e);
      if (!told) return;
      moved.push(told);
      drawing ??= setTimeout(draw, 40);
    });
    source.addEventListener('queue', (e) => {
      const told = parse<Line>(e);
      if (told) applyLine(client, told);
    });
    source.addEventListener('alert', (e) => {
      const told = parse<Alert>(e);
      if (told) applyAlert(client, told);
    });
    source.addEventListener('balance', (e) => {
      const told = parse<Balance>(e);
      if (told) applyBalance(client, told);
    });
  };

  connect();
  return () => {
    clearTimeout(timer);
    clearTimeout(drawing);
    source?.close();
  };
}
