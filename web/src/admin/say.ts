// How the admin pages say numbers. Pure.

/** A length of time, short: "8 s", "3 min", "2 h 5 min", "4 d". */
export function lasting(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${s} s`;
  const minutes = Math.round(s / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

/** What has passed since a time, by the server's clock. */
export const since = (iso: string, now: string | number) =>
  lasting((new Date(now).getTime() - Date.parse(iso)) / 1000);

export const percent = (part: number) => `${Math.round(part * 100)} %`;

/** Enough of an id to tell it from the others on a page. */
export const ofShort = (id: string) => id.slice(0, 8);

/** Tokens as typed, in thousandths; null for what is no amount above 0. */
export function parseAmount(text: string): number | null {
  const found = /^\s*(\d{1,9})(?:[.](\d{1,3}))?\s*$/.exec(text.replaceAll(',', ''));
  if (!found) return null;
  const mt = Number(found[1]) * 1000 + Number((found[2] ?? '').padEnd(3, '0'));
  return mt > 0 ? mt : null;
}
