// Pictures for the mock: openly licensed drawings (fluent-emoji-flat, MIT) on simple grounds, so that the studio is
// judged with something to look at.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Icons {
  width: number;
  height: number;
  icons: Record<string, { body: string }>;
}

let loaded: Icons | null = null;

function icons(): Icons {
  if (!loaded) {
    const path = createRequire(import.meta.url).resolve('@iconify-json/fluent-emoji-flat/icons.json');
    loaded = JSON.parse(readFileSync(path, 'utf8')) as Icons;
  }
  return loaded;
}

type Ground = [sky: string, low: string, land: string, shade: string];

const grounds: Ground[] = [
  ['#8fd3ff', '#e8f7ff', '#6cbf5a', '#4f9f45'],
  ['#1d2150', '#3a2f6b', '#2a2450', '#1c1838'],
  ['#ff9e6b', '#ffd9a8', '#d98a4e', '#b96f3a'],
  ['#f6e7d3', '#efd9bd', '#b98463', '#9c6a4c'],
  ['#cfe6f7', '#f4fbff', '#ffffff', '#dcebf5'],
  ['#7a5ad9', '#c69bf0', '#5b3fae', '#47308c'],
  ['#0f6f80', '#7fd0c9', '#e7cf94', '#cdb174'],
];

/** A repeatable stream of numbers in [0, 1). */
function random(seed: number): () => number {
  let s = seed >>> 0 || 1;
  return () => {
    s = (Math.imul(s ^ (s >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((s ^ (s >>> 13)) >>> 0) / 2 ** 32;
  };
}

function subjects(prompt: string): string[] {
  const names = icons().icons;
  const words = prompt.toLowerCase().match(/[a-z]+/g) ?? [];
  const found: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const pair = `${words[i]}-${words[i + 1]}`;
    const one = words[i] ?? '';
    const stem = one.replace(/s$/, '');
    for (const name of [pair, one, stem, `${stem}-face`, `red-${stem}`])
      if (names[name] && one.length > 2) {
        found.push(name);
        break;
      }
  }
  return found.length ? [...new Set(found)].slice(0, 3) : ['artist-palette'];
}

function emoji(name: string, x: number, y: number, size: number, tag: string): string {
  const body = (icons().icons[name]?.body ?? '').replace(/(id="|url\(#|href="#)/g, `$1${tag}-`);
  return `<svg x="${x}" y="${y}" width="${size}" height="${size}" viewBox="0 0 32 32">${body}</svg>`;
}

export interface Sitting {
  prompt: string;
  width: number;
  height: number;
  seed: number;
  transparent: boolean;
  /** 0 is noise, 1 is finished. */
  done?: number;
}

export function drawSvg({ prompt, width, height, seed, transparent, done = 1 }: Sitting): string {
  const next = random(seed);
  next();
  const [sky, low, land, shade] = grounds[Math.floor(next() * grounds.length)] as Ground;
  const side = Math.min(width, height);
  const parts: string[] = [];
  if (!transparent) {
    const horizon = height * (0.62 + next() * 0.14);
    parts.push(`<rect width="${width}" height="${height}" fill="url(#sky)"/>`);
    parts.push(
      `<circle cx="${width * (0.15 + next() * 0.7)}" cy="${height * 0.2}" r="${side * 0.08}" fill="#fff" opacity=".75"/>`,
    );
    parts.push(
      `<path d="M0 ${horizon} Q${width * next()} ${horizon - side * 0.16} ${width} ${horizon + side * 0.04} V${height} H0z" fill="${land}"/>`,
      `<path d="M0 ${height * 0.9} Q${width / 2} ${height * (0.78 + next() * 0.1)} ${width} ${height * 0.92} V${height} H0z" fill="${shade}"/>`,
    );
  }
  const names = subjects(prompt);
  const size = side * (names.length > 1 ? 0.5 : 0.64) * (0.92 + next() * 0.16);
  names.forEach((name, i) => {
    const x = (width / (names.length + 1)) * (i + 1) - size / 2 + (next() - 0.5) * side * 0.06;
    const y = height * 0.52 - size / 2 + (next() - 0.5) * side * 0.08;
    if (!transparent)
      parts.push(
        `<ellipse cx="${x + size / 2}" cy="${y + size * 0.98}" rx="${size * 0.36}" ry="${size * 0.07}" fill="#000" opacity=".18"/>`,
      );
    parts.push(emoji(name, x, y, size, `s${i}`));
  });
  const blur = (1 - done) * side * 0.09;
  const filter =
    done < 1
      ? `<filter id="b" x="0" y="0" width="1" height="1"><feGaussianBlur stdDeviation="${blur}" edgeMode="duplicate"/></filter>`
      : '';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
    `<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="${sky}"/><stop offset="1" stop-color="${low}"/></linearGradient>${filter}</defs>` +
    `<g${done < 1 ? ' filter="url(#b)"' : ''}>${parts.join('')}</g></svg>`
  );
}

export const dataUrl = (svg: string) => `data:image/svg+xml,${encodeURIComponent(svg)}`;

/** The blurred stand-in while a picture loads. */
export function placeholder(sitting: Sitting): string {
  const next = random(sitting.seed);
  next();
  const g = grounds[Math.floor(next() * grounds.length)] as Ground;
  if (sitting.transparent) return '';
  return dataUrl(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><defs><linearGradient id="a" x2="0" y2="1"><stop stop-color="${g[0]}"/><stop offset="1" stop-color="${g[2]}"/></linearGradient></defs><rect width="1" height="1" fill="url(#a)"/></svg>`,
  );
}
