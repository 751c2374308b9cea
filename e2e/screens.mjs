// Photographs every page and state, for people to look at. Needs the mock (its scripted prompts) behind BASE_URL:
//   node screens.mjs [name …]     only the states whose name contains one of the words
import { mkdirSync } from 'node:fs';
import { laptop, launch, phone, visitor } from './browser.mjs';

const wanted = process.argv.slice(2);
const out = new URL('./screenshots/', import.meta.url).pathname;
mkdirSync(out, { recursive: true });

const views = [
  ['laptop-light', laptop, 'light'],
  ['laptop-dark', laptop, 'dark'],
  ['phone-light', phone, 'light'],
  ['phone-dark', phone, 'dark'],
].filter(([name]) => !process.env.VIEW || name.includes(process.env.VIEW));

const wants = (name) => wanted.length === 0 || wanted.some((w) => name.includes(w));
const browser = await launch();

async function ask(page, request) {
  return page.evaluate(async (body) => {
    const res = await fetch('/api/studio/generations', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return res.json();
  }, request);
}

async function done(page, id) {
  for (;;) {
    const state = await page.evaluate(
      async (gid) => (await (await fetch(`/api/studio/generations/${gid}`)).json()).state,
      id,
    );
    if (!['waiting', 'running'].includes(state)) return;
    await page.waitForTimeout(400);
  }
}

for (const [view, viewport, colorScheme] of views) {
  const context = await visitor(browser, { viewport, colorScheme });
  const page = await context.newPage();
  const small = viewport === phone;
  page.on('pageerror', (e) => console.log(`${view}: page error: ${e.message}`));
  page.on('console', (m) => m.type() === 'error' && console.log(`${view}: console: ${m.text()}`));
  const shoot = async (name, full = false) => {
    if (!wants(name)) return;
    await page.waitForTimeout(450);
    await page.screenshot({ path: `${out}${name}-${view}.png`, fullPage: full });
  };
  const signUp = async (email) => {
    await page.goto('/signup');
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password', { exact: true }).fill('a long password');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByTestId('prompt').waitFor();
  };

  await page.goto('/signin');
  await page.getByLabel('E-mail').waitFor();
  await shoot('signin');
  await page.goto('/signup');
  await page.getByRole('button', { name: 'Create an account' }).click();
  await shoot('signup-errors');
  await page.goto('/owner?token=mock');
  await page.getByLabel('E-mail').waitFor();
  await shoot('owner');

  await signUp(`rich-${view}-${Date.now()}@example.org`);
  await page.getByTestId('starter').first().waitFor();
  await shoot('empty');
  if (!small) {
    for (const chip of ['Model', 'Style', 'Size', 'Seed', 'Advanced']) {
      await page.getByRole('button', { name: new RegExp(`^${chip}:`) }).click();
      await shoot(`chip-${chip.toLowerCase()}`);
      await page.keyboard.press('Escape');
    }
    await page.getByRole('button', { name: 'What this costs' }).click();
    await shoot('price');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await shoot('shortcuts');
    await page.keyboard.press('Escape');
  } else {
    await page.getByTestId('settings').click();
    await shoot('settings');
    await page.keyboard.press('Escape');
  }

  await page.getByTestId('prompt').fill('a fox and a rocket in a snowy field');
  await page.waitForSelector('[data-testid=generate][data-state=ready]');
  await page.getByTestId('generate').click();
  await page.waitForSelector('[data-testid=coming]');
  await shoot('sending');
  await page.waitForSelector('[data-stage=drawing] img');
  await page.waitForTimeout(1300);
  await shoot('running');
  await page.waitForSelector('[data-testid=group][data-state=complete]', { timeout: 60_000 });
  await shoot('one-group');

  const asks = [
    { prompt: 'a happy octopus', transparent: true, count: 4 },
    { prompt: 'a castle and a dragon at night', width: 680, height: 384, count: 2 },
    { prompt: 'fail: a whale', count: 4 },
    { prompt: 'a lighthouse cactus robot, tall', width: 384, height: 680, count: 3 },
    { prompt: 'three red apples on a wooden table with a very long description that goes on and on to see how a long prompt is cut in the list of groups and that nothing breaks at all', count: 8 },
    { prompt: 'one mushroom', count: 1, width: 768, height: 512 },
  ];
  let last;
  let cutOut;
  for (const a of asks) {
    last = await ask(page, a);
    if (a.transparent) cutOut = last;
  }
  await done(page, last.id);
  await page.waitForTimeout(500);
  await page.evaluate(() => window.scrollTo(0, 0));
  await shoot('many', true);
  await shoot('many-top');

  await page.getByTestId('tile').first().click();
  await page.getByTestId('picture').waitFor();
  await shoot('picture', small);
  await page.goto(`/g/${cutOut.id}`);
  await page.getByTestId('picture').waitFor();
  await page.getByTestId('download').click();
  await shoot('picture-transparent');
  await page.keyboard.press('Escape');
  await page.getByTestId('delete').click();
  await shoot('picture-delete');
  await page.keyboard.press('Escape');

  const slow = await ask(page, { prompt: 'slow whale', count: 2 });
  await ask(page, { prompt: 'a waiting penguin', count: 4 });
  await page.goto('/');
  await page.waitForSelector('[data-testid=coming]');
  await page.waitForTimeout(2500);
  await shoot('queued');
  await page.evaluate((id) => fetch(`/api/studio/generations/${id}/cancel`, { method: 'POST' }), slow.id);
  await page.waitForTimeout(600);
  await shoot('cancelled');

  await page.goto('/wallet');
  await page.getByTestId('wallet-available').waitFor();
  await shoot('wallet');
  await page.getByTestId('filters').click();
  await shoot('wallet-filters', true);
  await page.goto('/plans');
  await page.getByTestId('choose-artisan').waitFor();
  await shoot('plans', true);
  await page.getByTestId('choose-artisan').click();
  await page.getByTestId('preview').waitFor();
  await shoot('plan-preview');
  await page.goto('/packs');
  await page.getByTestId('own-price').waitFor();
  await shoot('packs', true);
  await page.goto('/payments');
  await page.locator('[data-payment]').first().waitFor();
  await shoot('payments');
  await page.goto('/keys');
  await shoot('keys-empty');
  await page.getByLabel('Name').fill('Nightly build');
  await page.getByRole('button', { name: 'Create key' }).click();
  await page.getByTestId('new-key').waitFor();
  await shoot('keys-new');
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await shoot('keys');
  await page.goto('/nowhere');
  await shoot('missing');
  await page.goto('/g/nothing');
  await shoot('picture-gone');
  await context.clearCookies();

  await signUp(`poor-${view}-${Date.now()}@example.org`);
  await page.getByTestId('prompt').fill('an owl with a hat');
  await page.waitForSelector('[data-testid=shortfall] button');
  await shoot('short');
  await context.close();
}
await browser.close();
