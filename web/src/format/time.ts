const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'long' });
const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** "3 minutes ago", "in 2 hours"; a week and more is a date. */
export function ago(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  if (Math.abs(seconds) > 6 * 86_400) return day(iso);
  for (const [unit, size] of steps)
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  return seconds > 20 ? 'in a moment' : 'just now';
}

export const day = (iso: string) =>
  new Date(iso).toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' });

export const dayTime = (iso: string) =>
  new Date(iso).toLocaleString('en', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  });

/** "14:05", or with its day when that is not today. */
export function clock(iso: string, now: number): string {
  const at = new Date(iso);
  const time = at.toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hour12: false });
  if (at.toDateString() === new Date(now).toDateString()) return time;
  return `${time}, ${at.toLocaleDateString('en', { day: 'numeric', month: 'short' })}`;
}

/** "9 days", "1 day". */
export const days = (n: number) =>
  new Intl.NumberFormat('en', { style: 'unit', unit: 'day', unitDisplay: 'long' }).format(n);

/** A wait in words: "2 to 4 min", "30 s to 2 min". */
export function span(from: number, to: number): string {
  const say = (s: number): [number, string] =>
    s >= 3600 ? [Math.floor(s / 3600), 'h'] : s >= 60 ? [Math.floor(s / 60), 'min'] : [s, 's'];
  const [a, unit] = say(from);
  const [b, last] = say(to);
  if (from === to) return `${b} ${last}`;
  return unit === last ? `${a} to ${b} ${last}` : `${a} ${unit} to ${b} ${last}`;
}
