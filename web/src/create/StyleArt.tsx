// One pear in each house style: what a style looks like says more than its name. Drawn for Bottega; a style we have no
// drawing for shows its initial.
import type { ReactNode } from 'react';

const body = 'M33 11c5 0 7 6 8.5 12.5S51 33 51 43c0 9-8 14-18 14s-18-5-18-14c0-10 8-13 9.5-19.5S28 11 33 11z';
const leaf = 'M35 11c1-6 7-8 12-7-1 6-6 9-12 7z';
const stem = 'M33.5 13c0-3-.5-5-2-7';

const art: Record<string, (id: string) => ReactNode> = {
  'soft-3d': (id) => (
    <>
      <defs>
        <radialGradient id={`${id}b`} cx=".36" cy=".38" r=".75">
          <stop stopColor="#f6f09a" />
          <stop offset=".5" stopColor="#b9d44c" />
          <stop offset="1" stopColor="#6f9a2a" />
        </radialGradient>
        <radialGradient id={`${id}l`} cx=".4" cy=".2" r=".9">
          <stop stopColor="#8ed16a" />
          <stop offset="1" stopColor="#3f8f45" />
        </radialGradient>
      </defs>
      <rect width="64" height="64" fill="#efe9fb" />
      <ellipse cx="33" cy="57.5" rx="16" ry="3" fill="#b6a5d8" opacity=".6" />
      <path d={stem} stroke="#8a5a3a" strokeWidth="3.4" strokeLinecap="round" fill="none" />
      <path d={body} fill={`url(#${id}b)`} />
      <path d={leaf} fill={`url(#${id}l)`} />
      <ellipse cx="26" cy="36" rx="3.6" ry="6.5" fill="#fff" opacity=".55" transform="rotate(18 26 36)" />
    </>
  ),
  gradient: (id) => (
    <>
      <defs>
        <linearGradient id={`${id}b`} x2=".7" y2="1">
          <stop stopColor="#ffe36b" />
          <stop offset=".55" stopColor="#9fd64f" />
          <stop offset="1" stopColor="#18a58b" />
        </linearGradient>
        <linearGradient id={`${id}g`} x2="1" y2="1">
          <stop stopColor="#fde1ef" />
          <stop offset="1" stopColor="#c9d9ff" />
        </linearGradient>
      </defs>
      <rect width="64" height="64" fill={`url(#${id}g)`} />
      <path d={stem} stroke="#9a5a4a" strokeWidth="3" strokeLinecap="round" fill="none" />
      <path d={body} fill={`url(#${id}b)`} />
      <path d={leaf} fill="#1fae7b" />
    </>
  ),
  flat: () => (
    <>
      <rect width="64" height="64" fill="#ffe9c7" />
      <path d={stem} stroke="#7a4b34" strokeWidth="3" strokeLinecap="round" fill="none" />
      <path d={body} fill="#a9cf46" />
      <path d="M41 23.5C42.5 30 51 33 51 43c0 9-8 14-18 14 12-5 14-20 8-33.5z" fill="#86b032" />
      <path d={leaf} fill="#3f9a4a" />
    </>
  ),
  ink: () => (
    <>
      <rect width="64" height="64" fill="#fbfaf7" />
      <path d={stem} stroke="#191817" strokeWidth="3" strokeLinecap="round" fill="none" />
      <path d={body} fill="#191817" />
      <path d={leaf} fill="#191817" />
      <path d="M22 45c0-5 3-8 5-11" stroke="#fbfaf7" strokeWidth="2.6" strokeLinecap="round" fill="none" />
      <path d="M37 9.5c3-1 5-2.5 7-4" stroke="#fbfaf7" strokeWidth="1.2" strokeLinecap="round" fill="none" />
    </>
  ),
  toon: (id) => (
    <>
      <defs>
        <linearGradient id={`${id}b`} x2="0" y2="1">
          <stop stopColor="#d5e25a" />
          <stop offset="1" stopColor="#8bbd33" />
        </linearGradient>
      </defs>
      <rect width="64" height="64" fill="#cdeaf7" />
      <path d={stem} stroke="#6d4127" strokeWidth="3.6" strokeLinecap="round" fill="none" />
      <path d={body} fill={`url(#${id}b)`} stroke="#5f8a1f" strokeWidth="1.6" />
      <path d={leaf} fill="#5cb246" stroke="#34772b" strokeWidth="1.4" />
      <path d="M25 41c-1-5 2-8 4-11" stroke="#f4f8c4" strokeWidth="3.4" strokeLinecap="round" fill="none" />
    </>
  ),
  blob: () => (
    <>
      <rect width="64" height="64" fill="#ffd9d0" />
      <path d="M32 12c9 0 10 9 12 15s10 9 8 19-11 12-20 12-18-2-20-12 6-13 8-19 3-15 12-15z" fill="#c5d93f" />
      <path d="M33 13c2-7 9-8 13-6-2 6-7 9-13 6z" fill="#6dbb45" />
      <path d="M13 46c2 10 11 12 19 12s18-2 20-12c-8 7-31 7-39 0z" fill="#a7be2b" />
    </>
  ),
  clean: () => (
    <>
      <rect width="64" height="64" fill="#ffffff" />
      <path d={stem} stroke="#c1694f" strokeWidth="3" strokeLinecap="round" fill="none" />
      <path d={body} fill="#a6d388" />
      <path d={leaf} fill="#5c913b" />
    </>
  ),
  classic: () => (
    <>
      <rect width="64" height="64" fill="#e4f3dc" />
      <path d={stem} stroke="#8a5d3b" strokeWidth="3" strokeLinecap="round" fill="none" />
      <path d={body} fill="#d0dc3e" />
      <path d="M33 11c5 0 7 6 8.5 12.5S51 33 51 43c0 9-8 14-18 14z" fill="#b7c52c" />
      <path d={leaf} fill="#75a843" />
      <path d="M26 49a3 3 0 1 1 0-.1M39 40a2 2 0 1 1 0-.1" fill="#9aa922" />
    </>
  ),
  longshadow: () => (
    <>
      <rect width="64" height="64" fill="#e0603a" />
      <path d="M46 27 64 45v19H36L20 53z" fill="#000" opacity=".2" />
      <path d={stem} stroke="#5b2f1d" strokeWidth="3" strokeLinecap="round" fill="none" />
      <path d={body} fill="#f2d24b" />
      <path d={leaf} fill="#8fce5a" />
    </>
  ),
  kawaii: () => (
    <>
      <rect width="64" height="64" fill="#fff0f5" />
      <path d={stem} stroke="#3d3035" strokeWidth="2.4" strokeLinecap="round" fill="none" />
      <path d={body} fill="#d9ec8f" stroke="#3d3035" strokeWidth="2.2" strokeLinejoin="round" />
      <path d={leaf} fill="#8fd18a" stroke="#3d3035" strokeWidth="2" strokeLinejoin="round" />
      <circle cx="26" cy="42" r="2.3" fill="#3d3035" />
      <circle cx="40" cy="42" r="2.3" fill="#3d3035" />
      <path d="M30 45.5c1 2.5 5 2.5 6 0" stroke="#3d3035" strokeWidth="2" strokeLinecap="round" fill="none" />
      <ellipse cx="21.5" cy="47" rx="2.6" ry="1.7" fill="#f7a3b5" />
      <ellipse cx="44.5" cy="47" rx="2.6" ry="1.7" fill="#f7a3b5" />
    </>
  ),
  sticker: () => (
    <>
      <rect width="64" height="64" fill="#7fc4c9" />
      <g stroke="#fff" strokeWidth="7" strokeLinejoin="round" strokeLinecap="round">
        <path d={body} fill="#fff" />
        <path d={leaf} fill="#fff" />
        <path d={stem} fill="none" />
      </g>
      <path d={stem} stroke="#7a4b34" strokeWidth="3" strokeLinecap="round" fill="none" />
      <path d={body} fill="#f0a23c" />
      <path d="M41 23.5C42.5 30 51 33 51 43c0 9-8 14-18 14 12-5 14-20 8-33.5z" fill="#dc7f22" />
      <path d={leaf} fill="#3f9a4a" />
    </>
  ),
  pixel: () => (
    <>
      <rect width="64" height="64" fill="#2f3654" />
      <path fill="#8a5a3a" d="M32 6h4v8h-4z" />
      <path fill="#57b04f" d="M36 6h12v4h-4v4h-8z" />
      <path fill="#c2d94a" d="M28 14h8v4h4v8h4v4h4v4h4v16h-4v4h-4v4H20v-4h-4v-4h-4V34h4v-4h4v-4h4v-8h4z" />
      <path fill="#8fae2f" d="M44 30h4v4h4v16h-4v4h-4v4H28v-4h12v-4h4z" />
      <path fill="#eef5b0" d="M24 34h4v8h-4z" />
    </>
  ),
  blueprint: () => (
    <>
      <rect width="64" height="64" fill="#1f4e9c" />
      <path d="M0 16h64M0 32h64M0 48h64M16 0v64M32 0v64M48 0v64" stroke="#4b79c4" strokeWidth=".7" />
      <g fill="none" stroke="#eaf2ff" strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round">
        <path d={body} />
        <path d={leaf} />
        <path d={stem} />
        <path d="M33 14v43" strokeDasharray="2 3" strokeWidth="1" />
      </g>
    </>
  ),
  neon: (id) => (
    <>
      <defs>
        <filter id={`${id}f`} x="-.3" y="-.3" width="1.6" height="1.6">
          <feGaussianBlur stdDeviation="2.4" />
        </filter>
      </defs>
      <rect width="64" height="64" fill="#170f24" />
      <g fill="none" strokeLinecap="round" strokeLinejoin="round">
        <g filter={`url(#${id}f)`} strokeWidth="4">
          <path d={body} stroke="#ff4fd8" />
          <path d={leaf} stroke="#4dffb8" />
        </g>
        <path d={body} stroke="#ffc6f4" strokeWidth="1.8" />
        <path d={leaf} stroke="#d3ffee" strokeWidth="1.6" />
      </g>
    </>
  ),
  none: () => (
    <>
      <rect width="64" height="64" fill="#f0ede8" />
      <path d={body} fill="none" stroke="#8d867c" strokeWidth="2" strokeDasharray="4 4" />
      <path d={leaf} fill="none" stroke="#8d867c" strokeWidth="2" strokeDasharray="4 3" />
    </>
  ),
};

export function StyleArt({ style, title, size = 64 }: { style: string; title: string; size?: number }) {
  const drawn = art[style];
  return (
    <svg width={size} height={size} viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      {drawn ? (
        drawn(`art-${style}-${size}`)
      ) : (
        <>
          <rect width="64" height="64" fill="#f3e0d3" />
          <text x="32" y="42" fontSize="28" fontWeight="650" textAnchor="middle" fill="#a33518">
            {title.slice(0, 1)}
          </text>
        </>
      )}
    </svg>
  );
}
