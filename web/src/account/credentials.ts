export const MIN_PASSWORD = 10;

/** Enough of a check to catch a slip; the server decides. */
export function checkEmail(email: string): 'bad_email' | null {
  return /^[^\s@]+@[^\s@]+$/.test(email.trim()) ? null : 'bad_email';
}

export function checkPassword(password: string): 'short_password' | null {
  return Array.from(password).length >= MIN_PASSWORD ? null : 'short_password';
}
