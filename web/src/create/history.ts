// The prompts somebody used, newest last, and walking through them as a shell does.

export const HISTORY_LIMIT = 60;

/** Adds a prompt; one that was there moves to the end, the oldest fall off. */
export function pushPrompt(history: string[], prompt: string): string[] {
  const text = prompt.trim();
  if (!text) return history;
  return [...history.filter((p) => p !== text), text].slice(-HISTORY_LIMIT);
}

/** Where one stands: at null one is in one's own unfinished text, kept in `own`. */
export interface Place {
  at: number | null;
  own: string;
}

export const home: Place = { at: null, own: '' };

/** One step up (older) or down (newer). Returns null when there is nothing in that direction. */
export function step(
  history: string[],
  place: Place,
  direction: 'older' | 'newer',
  current: string,
): { place: Place; text: string } | null {
  if (direction === 'older') {
    let at = place.at === null ? history.length - 1 : place.at - 1;
    if (place.at === null && history[at] === current.trim()) at -= 1; // the text already stands in the bar
    const text = history[at];
    if (at < 0 || text === undefined) return null;
    return { place: { at, own: place.at === null ? current : place.own }, text };
  }
  if (place.at === null) return null;
  const at = place.at + 1;
  const text = history[at];
  if (text === undefined) return { place: home, text: place.own };
  return { place: { at, own: place.own }, text };
}
