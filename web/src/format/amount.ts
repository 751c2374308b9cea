/** Writes milli-tokens as tokens: 1500 is "1.5", 8500000 is "8,500". Never rounds: the price shown is the price. */
export function tokens(mt: number): string {
  const sign = mt < 0 ? '−' : '';
  const abs = Math.abs(Math.trunc(mt));
  const whole = Math.floor(abs / 1000)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
  const milli = abs % 1000;
  return sign + whole + (milli ? `.${milli.toString().padStart(3, '0').replace(/0+$/, '')}` : '');
}

/** The same with a sign in front, for what came and went. */
export const signedTokens = (mt: number) => (mt > 0 ? `+${tokens(mt)}` : tokens(mt));

/** Short enough for a pill: 12,345.678 becomes "12.3k". Rounds down, a purse never looks fuller than it is. */
export function shortTokens(mt: number): string {
  const whole = Math.trunc(mt / 1000);
  if (Math.abs(whole) < 100) return tokens(Math.trunc(mt / 100) * 100);
  if (Math.abs(whole) < 10_000) return tokens(whole * 1000);
  if (Math.abs(whole) < 1_000_000) return `${Math.trunc(whole / 100) / 10}k`;
  return `${Math.trunc(whole / 100_000) / 10}M`;
}

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  if (n < 999_500) return `${Math.round(n / 1000)} kB`;
  if (n < 999_500_000) return `${(n / 1_000_000).toFixed(n < 99_950_000 ? 1 : 0)} MB`;
  return `${(n / 1_000_000_000).toFixed(1)} GB`;
}
