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

/**
 * Throws when something sticks out of the window sideways: the page itself, or what is fixed to it, which makes no page wider.
 * What is fixed and off the window altogether waits to come in.
 */
export async function fits(page) {
  const wide = await page.evaluate(() => {
    const inner = window.innerWidth;
    const found = [];
    const full = document.documentElement.scrollWidth;
    /** Whether a part scrolls, or is cut off, inside of what is fixed. */
    const inside = (part, fixed) => {
      for (let p = part; p !== fixed; ) {
        p = p.parentElement;
        if (getComputedStyle(p).overflowX !== 'visible') return true;
      }
      return false;
    };
    if (full > inner) found.push(`the page is ${full} px wide`);
    for (const e of document.body.querySelectorAll('*')) {
      if (getComputedStyle(e).position !== 'fixed') continue;
      for (const part of [e, ...e.querySelectorAll('*')]) {
        const { left, right, width, height } = part.getBoundingClientRect();
        const seen = width > 1 && height > 1 && right > 0 && left < inner;
        if (seen && (left < -1 || right > inner + 1) && !inside(part, e))
          found.push(`${part.tagName.toLowerCase()}.${part.className} reaches from ${left} to ${right}`);
      }
    }
    return { inner, found };
  });
  if (wide.found.length) throw new Error(`in a window of ${wide.inner} px ${wide.found.slice(0, 3).join('; ')}`);
}
