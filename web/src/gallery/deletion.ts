// Deleting with ten seconds to think again: the pictures leave the screen at once and the server only afterwards.
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { api } from '../api/client';
import { ApiError } from '../api/errors';
import { applyDeleted } from '../api/events';

export const UNDO_MS = 10_000;

const waiting = new Map<string, ReturnType<typeof setTimeout>>();
/** Deleted here: a list that was asked for before and answers after must not bring them back. */
const gone = new Set<string>();
let hidden: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function changed() {
  hidden = new Set([...waiting.keys(), ...gone]);
  for (const tell of listeners) tell();
}

/** Starts the ten seconds; `onError` hears when the server then refuses, and the pictures are back. */
export function deleteLater(client: QueryClient, id: string, onError: (error: Error) => void): void {
  if (waiting.has(id)) return;
  waiting.set(
    id,
    setTimeout(() => void finish(client, id, onError), UNDO_MS),
  );
  changed();
}

async function finish(client: QueryClient, id: string, onError: (error: Error) => void) {
  try {
    await deleteNow(client, id);
  } catch (error) {
    onError(error as Error);
  }
  waiting.delete(id);
  changed();
}

/** Deletes without a pause; what is gone already counts as deleted. */
export async function deleteNow(client: QueryClient, id: string): Promise<void> {
  gone.add(id);
  changed();
  try {
    await api.remove(id);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) {
      gone.delete(id);
      changed();
      throw error;
    }
  }
  applyDeleted(client, id);
}

export function undoDelete(id: string): void {
  clearTimeout(waiting.get(id));
  waiting.delete(id);
  changed();
}

// Whoever closes the page meant it: what waits goes out with the page.
if (typeof window !== 'undefined')
  window.addEventListener('pagehide', () => {
    for (const [id, timer] of waiting) {
      clearTimeout(timer);
      void api.remove(id, true).catch(() => {});
    }
    waiting.clear();
    changed();
  });

function subscribe(tell: () => void) {
  listeners.add(tell);
  return () => void listeners.delete(tell);
}

/** The generations that are not to be seen just now. */
export const useHidden = () => useSyncExternalStore(subscribe, () => hidden);

export function useDeleteLater() {
  const client = useQueryClient();
  return (id: string, onError: (error: Error) => void) => deleteLater(client, id, onError);
}
