// A test is a name and a function; a failed one says what was wrong and the others still run.
import assert from "node:assert/strict";

const results = { passed: 0, failed: 0 };

export async function test(name, body) {
  try {
    const value = await body();
    results.passed++;
    console.log(`ok    ${name}`);
    return value;
  } catch (error) {
    results.failed++;
    console.log(`FAIL  ${name}\n      ${String(error?.stack ?? error).replaceAll("\n", "\n      ")}`);
    return undefined;
  }
}

export function finish() {
  console.log(`${results.passed} passed, ${results.failed} failed`);
  process.exitCode = results.failed === 0 ? 0 : 1;
}

export function whole(value, name) {
  assert.ok(Number.isSafeInteger(value), `${name} is ${JSON.stringify(value)}, want a whole number`);
  return value;
}

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
