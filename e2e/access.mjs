// axe-core on a page, injected by hand.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Throws with every violation and where it is. */
export async function accessible(page) {
  await page.evaluate((code) => {
    if (!window.axe) new Function(code)();
  }, source).catch(async () => {
    // A content policy without eval: the debugger's own door.
    await page.addScriptTag({ content: source });
  });
  const violations = await page.evaluate(async () => {
    const result = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
    });
    return result.violations.map((v) => ({
      id: v.id,
      help: v.help,
      nodes: v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')}: ${n.any.map((a) => a.message).join('; ')}`),
    }));
  });
  if (violations.length)
    throw new Error(violations.map((v) => `${v.id}: ${v.help}\n  ${v.nodes.join('\n  ')}`).join('\n'));
}
