// A test is a name and a function; one that fails leaves a picture of the page and does not stop the others, unless
// they build on it.
import { mkdirSync } from 'node:fs';

const folder = new URL('./screenshots/', import.meta.url).pathname;
const always = process.env.SCREENSHOTS === '1';

export class Run {
  passed = 0;
  failed = 0;
  /** The page that a failure is photographed on. */
  page = null;

  async test(name, fn) {
    const started = Date.now();
    try {
      const note = await fn();
      this.passed += 1;
      console.log(`ok    ${name} (${Date.now() - started} ms)${note ? `: ${note}` : ''}`);
      if (always) await this.photograph(name);
      return true;
    } catch (error) {
      this.failed += 1;
      console.log(`FAIL  ${name}\n      ${String(error.stack ?? error).replaceAll('\n', '\n      ')}`);
      await this.photograph(`failed ${name}`);
      return false;
    }
  }

  async photograph(name) {
    if (!this.page) return;
    mkdirSync(folder, { recursive: true });
    const path = `${folder}${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.png`;
    await this.page.screenshot({ path }).catch(() => {});
  }

  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 && this.passed > 0;
  }
}

/** Fails with both values when they differ. */
export function same(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: got ${JSON.stringify(actual)}, want ${JSON.stringify(expected)}`);
}

export function check(condition, what) {
  if (!condition) throw new Error(what);
}

/** Waits for a fact, asked again and again; its last answer is in the error. */
export async function until(what, ask, limit = 30_000) {
  const end = Date.now() + limit;
  let answer;
  for (;;) {
    answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${limit} ms (last: ${JSON.stringify(answer)})`);
    await new Promise((done) => setTimeout(done, 120));
  }
}
