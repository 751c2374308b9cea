/** Only our own paths: a link must not send somebody elsewhere after the sign-in. */
export function safeNext(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) ? next : '/';
}
