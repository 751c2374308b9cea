import type { Generation } from '../api/types';

/** The picture before or after one: through the batch, then on to the next newer or older batch that has pictures. */
export function neighbour(
  listed: Generation[],
  g: Generation | undefined,
  index: number,
  direction: -1 | 1,
): { id: string; index: number } | null {
  if (!g) return null;
  const own = (g.images ?? []).map((p) => p.index).sort((a, b) => a - b);
  const next = own[own.indexOf(index) + direction];
  if (own.includes(index) && next !== undefined) return { id: g.id, index: next };
  const at = listed.findIndex((x) => x.id === g.id);
  if (at < 0) return null;
  for (let i = at + direction; i >= 0 && i < listed.length; i += direction) {
    const other = listed[i];
    const images = (other?.images ?? []).map((p) => p.index).sort((a, b) => a - b);
    const edge = direction === 1 ? images[0] : images.at(-1);
    if (other && edge !== undefined) return { id: other.id, index: edge };
  }
  return null;
}
