// Calls about the line as a whole, which a tile of the gallery does without.
import { at, send } from '../api/client';
import type { Generation } from '../api/types';

export const lineApi = {
  pauseAll: (paused: boolean) => send<void>('/queue', { method: 'PUT', body: { paused } }),
  cancelWaiting: () => send<{ cancelled: number }>('/queue/cancel', { method: 'POST' }),
  /** All that waits, the next one first. */
  waiting: async () => (await send<{ items: Generation[] }>('/queue/waiting?limit=500')).items,
  /** To the relaxed lane; what was held for it comes back at once. */
  relax: (id: string) => send<Generation>(`/generations/${at(id)}/relax`, { method: 'POST' }),
};
