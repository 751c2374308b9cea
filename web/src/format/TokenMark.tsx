/** The sign of a token: a coin with a drop of paint. */
export function TokenMark({ size = 16 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" aria-hidden="true" focusable="false">
      <circle cx="8" cy="8" r="6.6" stroke="currentColor" strokeWidth="1.5" />
      <path d="M8 4.2c1.7 2 2.6 3.4 2.6 4.7a2.6 2.6 0 0 1-5.2 0c0-1.3.9-2.7 2.6-4.7z" fill="currentColor" />
    </svg>
  );
}
