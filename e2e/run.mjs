// From the sign-up to a downloaded picture and back, in a real browser. BASE_URL names the studio, CHROMIUM the browser,
// ONLY one of the parts: laptop, line, admin, pictures, teams, money, phone.
import { readFileSync } from 'node:fs';
import { admin } from './admin.mjs';
import { BASE_URL, laptop, launch, phone, visitor } from './browser.mjs';
import { Run } from './harness.mjs';
import { journey } from './journey.mjs';
import { line } from './line.mjs';
import { money } from './money.mjs';
import { pages } from './pages.mjs';
import { pictures } from './pictures.mjs';
import { teams } from './teams.mjs';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));
console.log(`studio at ${BASE_URL} (e2e ${version})`);

const run = new Run();
const browser = await launch();
try {
  for (const [name, viewport] of [
    ['laptop', laptop],
    ['line', laptop],
    ['admin', laptop],
    ['pictures', laptop],
    ['teams', laptop],
    ['money', laptop],
    ['phone', phone],
  ].filter(([name]) => !process.env.ONLY || name === process.env.ONLY)) {
    const context = await visitor(browser, { viewport });
    const page = await context.newPage();
    run.page = page;
    const errors = [];
    page.on('pageerror', (e) => errors.push(e.message));
    if (name === 'laptop') await journey(run, page);
    else if (name === 'line') await line(run, page);
    else if (name === 'admin') await admin(run, page, browser);
    else if (name === 'pictures') await pictures(run, page);
    else if (name === 'teams') await teams(run, page, browser);
    else if (name === 'money') await money(run, page);
    else await pages(run, browser);
    await run.test(`${name}: no script failed on any page`, () => {
      if (errors.length) throw new Error(errors.join('\n'));
    });
    await context.close();
  }
} finally {
  await browser.close();
}
process.exit(run.finish() ? 0 : 1);
