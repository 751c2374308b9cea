/** Writes millionths of a dollar: 12000000 is "$12", 4990000 "$4.99". Fractions of a cent are shown, never rounded. */
export function money(micros: number): string {
  const sign = micros < 0 ? '−' : '';
  const abs = Math.abs(Math.trunc(micros));
  const whole = Math.floor(abs / 1_000_000)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
  const rest = (abs % 1_000_000).toString().padStart(6, '0').replace(/0+$/, '');
  return `${sign}$${whole}${rest ? `.${rest.padEnd(2, '0')}` : ''}`;
}
