// One person's way through the studio, step by step; each step builds on those before it.
import { readFileSync } from 'node:fs';
import { check, same, until } from './harness.mjs';
import { look, texts } from './png.mjs';

const GENERATION_LIMIT = Number(process.env.GENERATION_LIMIT_MS ?? 240_000);
const PROMPT = 'a red fox sitting on a green hill';

/** Asks as the studio does, from inside the page. */
export const call = (page, method, path, body) =>
  page.evaluate(
    async ([method, path, body]) => {
      const res = await fetch(`/api/studio${path}`, {
        method,
        headers: { 'Content-Type': 'application/json' },
        body: body && JSON.stringify(body),
      });
      if (!res.ok) throw new Error(`${method} ${path}: ${res.status} ${await res.text()}`);
      return res.status === 204 ? null : res.json();
    },
    [method, path, body],
  );

export const newcomer = () => ({ email: `e2e-${Date.now()}-${process.pid}@example.org`, password: 'correct horse battery' });

export async function signUp(page, { email, password }) {
  await page.goto('/signup');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Create an account' }).click();
  await page.getByTestId('prompt').waitFor();
}

export const ready = (page) => page.locator('[data-testid=generate][data-state=ready]').waitFor();
export const balance = async (page) =>
  Number(await page.locator('[data-testid=balance]:visible').first().getAttribute('data-mt'));
async function setCount(page, wanted) {
  const shown = page.getByText(/^\d+ pictures?$/).first();
  const count = async () => Number.parseInt(await shown.textContent(), 10);
  for (let n = await count(); n !== wanted; n = await count())
    await page.getByRole('button', { name: n > wanted ? 'Fewer pictures' : 'More pictures' }).click();
}

const groups = (page) => page.getByTestId('group');

export async function finished(page) {
  const group = groups(page).first();
  await until(
    'the newest generation is complete',
    async () => {
      const state = await group.getAttribute('data-state');
      if (state === 'failed' || state === 'cancelled') throw new Error(`it is ${state}: ${await group.textContent()}`);
      return state === 'complete';
    },
    GENERATION_LIMIT,
  );
  return group.getAttribute('data-id');
}

async function download(page, testId) {
  await page.getByTestId('download').click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByTestId(testId).click()]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

/** Presses Ctrl+Enter and says how long until the tiles stand there, measured in the page. */
function placeholderTime(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const input = document.querySelector('[data-testid=prompt]');
        const started = performance.now();
        new MutationObserver((_, watch) => {
          if (!document.querySelector('[data-testid=coming]')) return;
          watch.disconnect();
          resolve(performance.now() - started);
        }).observe(document.body, { childList: true, subtree: true });
        input.dispatchEvent(
          new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', ctrlKey: true, bubbles: true, cancelable: true }),
        );
      }),
  );
}

export async function journey(run, page) {
  const person = newcomer();
  const seen = {};
  const step = (name, fn) => run.test(name, fn);

  await step('a stranger is led to the sign-in', async () => {
    await page.goto('/wallet');
    await page.waitForURL(/\/signin\?next=/);
  });

  await step('what is wrong with an account is said beside the field', async () => {
    await page.getByRole('link', { name: 'Create an account' }).click();
    await page.getByLabel('E-mail').fill('nobody');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByText('This is not an e-mail address.').waitFor();
  });

  const inside = await step('signing up opens the page one came for', async () => {
    await page.getByLabel('E-mail').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.waitForURL('**/wallet');
    await page.getByTestId('wallet-available').waitFor();
  });
  if (!inside) return;

  await step('the empty studio offers six things to try, each with its price', async () => {
    await page.goto('/');
    await page.getByTestId('starter').first().waitFor();
    same(await page.getByTestId('starter').count(), 6, 'starters');
    await until('prices on all', async () => !(await page.getByTestId('starter').allTextContents()).some((t) => t.includes('–')));
  });

  await step('the button explains itself and shows a price before there is a prompt', async () => {
    const button = page.getByTestId('generate');
    await until('a price', async () => Number(await button.getAttribute('data-price')) > 0);
    same(await button.getAttribute('data-state'), 'no_prompt', 'state');
    await button.click({ force: true }); // aria-disabled: it says why instead
    await page.getByText('First say what you would like to see.').first().waitFor();
  });

  await step('a size the model cannot draw is refused beside the control', async () => {
    await page.getByRole('button', { name: /^Size:/ }).click();
    await page.getByLabel('Width').fill('33');
    await page.getByText('A multiple of 8').waitFor();
    await page.getByRole('radio', { name: /1:1/ }).check({ force: true });
    await page.keyboard.press('Escape');
  });

  const made = await step('Ctrl+Enter generates; the tiles stand there at once', async () => {
    await setCount(page, 2);
    await page.getByTestId('prompt').fill(PROMPT);
    await ready(page);
    seen.price = Number(await page.getByTestId('generate').getAttribute('data-price'));
    seen.before = await balance(page);
    check(seen.price > 0, 'the price is above zero');
    const ms = await placeholderTime(page);
    check(ms < 250, `the tiles took ${ms} ms`);
    return `${ms.toFixed(0)} ms; price ${seen.price} mt`;
  });
  if (!made) return;

  const complete = await step('the pictures arrive and cost what the button said', async () => {
    seen.id = await finished(page);
    same(await page.locator(`[data-id="${seen.id}"] [data-testid=tile]`).count(), 2, 'tiles');
    await until('the balance went down by the price', async () => (await balance(page)) === seen.before - seen.price);
  });
  if (!complete) return;

  await step('a reload shows them again', async () => {
    await page.reload();
    await page.locator(`[data-id="${seen.id}"] [data-testid=tile] img[data-shown]`).first().waitFor();
  });

  await step('the keyboard moves, opens and comes back', async () => {
    const tile = (i) => page.locator(`[data-tile="${seen.id}:${i}"]`);
    await tile(0).focus();
    await page.keyboard.press('ArrowRight');
    await until('the second tile has the focus', () => tile(1).evaluate((e) => e === document.activeElement));
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/g/${seen.id}?i=1`);
    await page.getByTestId('picture').waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.waitForURL(`**/g/${seen.id}`);
    await page.keyboard.press('Escape');
    await page.getByTestId('prompt').waitFor();
  });

  await step('earlier prompts come back with Alt+↑', async () => {
    const prompt = page.getByTestId('prompt');
    await prompt.fill('something else');
    await prompt.press('Alt+ArrowUp');
    same(await prompt.inputValue(), PROMPT, 'prompt');
    await prompt.press('Alt+ArrowDown');
    same(await prompt.inputValue(), 'something else', 'prompt');
  });

  await step('the picture page tells the recipe and the price', async () => {
    await page.goto(`/g/${seen.id}`);
    await page.getByTestId('picture').waitFor();
    same(Number(await page.getByTestId('charged').getAttribute('data-mt')), seen.price, 'price charged');
    await page.getByRole('heading', { name: 'Drawings it looked at' }).waitFor();
    await until('the picture is loaded', () => page.getByTestId('picture').evaluate((i) => i.complete && i.naturalWidth > 0));
  });

  await step('the PNG that is downloaded is the picture, with its recipe inside', async () => {
    const { name, bytes } = await download(page, 'download-png');
    check(name.endsWith('.png'), `a PNG by its name, not ${name}`);
    const shown = await page.getByTestId('picture').evaluate((i) => [i.naturalWidth, i.naturalHeight]);
    const picture = look(bytes);
    same(picture.width, shown[0], 'width');
    same(picture.height, shown[1], 'height');
    check(picture.colours > 16, `it is not blank (${picture.colours} colours)`);
    const recipe = texts(bytes).parameters;
    check(recipe?.includes(PROMPT), `a "parameters" chunk with the prompt (${Object.keys(texts(bytes))})`);
    return `${name}, ${picture.width}×${picture.height}, ${picture.colours} colours`;
  });

  await step('the WebP that is downloaded is one', async () => {
    const { name, bytes } = await download(page, 'download-webp');
    check(name.endsWith('.webp'), `a WebP by its name, not ${name}`);
    const head = bytes.toString('latin1', 0, 12);
    if (!/mock/.test((await page.evaluate(() => fetch('/api/studio/status').then((r) => r.json()))).version))
      check(head.startsWith('RIFF') && head.endsWith('WEBP'), `the head is ${JSON.stringify(head)}`);
  });

  await step('the recipe goes back into the bar', async () => {
    await page.getByRole('button', { name: 'Use all' }).click();
    await page.getByTestId('prompt').waitFor();
    same(await page.getByTestId('prompt').inputValue(), PROMPT, 'prompt');
    await page.getByRole('button', { name: /^Seed: \d+/ }).waitFor();
  });

  await step('the wallet shows the charge', async () => {
    await page.getByRole('link', { name: 'Wallet', exact: true }).first().click();
    const row = page.locator(`tr[data-op=hold][data-generation="${seen.id}"]`);
    await row.first().waitFor();
    same(Number(await row.first().getAttribute('data-mt')), -seen.price, 'held');
    same(Number(await page.getByTestId('wallet-available').getAttribute('data-mt')), seen.before - seen.price, 'available');
  });

  await step('a transparent picture has nothing behind it', async () => {
    await page.getByRole('link', { name: 'Create', exact: true }).first().click();
    await page.getByRole('button', { name: /^Advanced/ }).click();
    await page.getByLabel('Transparent background').check({ force: true });
    await page.keyboard.press('Escape');
    await setCount(page, 1);
    await page.getByTestId('prompt').fill('a lemon');
    await ready(page);
    await page.getByTestId('generate').click();
    await page.getByRole('article', { name: 'a lemon' }).waitFor();
    seen.lemon = await finished(page);
    await page.getByTestId('tile').first().click();
    await page.getByTestId('picture').waitFor();
    const { bytes } = await download(page, 'download-png');
    const mock = /mock/.test((await page.evaluate(() => fetch('/api/studio/status').then((r) => r.json()))).version);
    const picture = look(bytes);
    check(mock || picture.clear > 0.05, `${Math.round(picture.clear * 100)} % of it is clear`);
  });

  await step('Delete hides at once and can be undone', async () => {
    await page.goto('/');
    const group = page.locator(`[data-id="${seen.lemon}"]`);
    await group.locator('[data-tile]').first().focus();
    await page.keyboard.press('Delete');
    await group.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await group.waitFor();
  });

  await step('deleting with a confirmation removes it for good', async () => {
    await page.goto(`/g/${seen.id}`);
    await page.getByTestId('delete').click();
    await page.getByTestId('delete-confirm').click();
    await page.getByTestId('prompt').waitFor();
    await page.locator(`[data-id="${seen.id}"]`).waitFor({ state: 'detached' });
    await until('the server forgot it', () =>
      page.evaluate((id) => fetch(`/api/studio/generations/${id}`).then((r) => r.status === 404), seen.id),
    );
    await page.goto(`/g/${seen.id}`);
    await page.getByText('This picture is gone').waitFor();
  });

  await step('an API key is shown once and can be revoked', async () => {
    await page.goto('/keys');
    await page.getByLabel('Name').fill('nightly');
    await page.getByRole('button', { name: 'Create key' }).click();
    const key = await page.getByTestId('new-key').textContent();
    check(key.length > 16, 'the key is long');
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('button', { name: 'Revoke nightly' }).click();
    check(!(await page.content()).includes(key), 'the key is not on the page any more');
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('No keys yet.').waitFor();
  });

  await step('signing out ends it, signing in goes on', async () => {
    await page.getByTestId('account').click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.waitForURL(/\/signin/);
    await page.goto('/keys');
    await page.waitForURL(/\/signin\?next=/);
    await page.getByLabel('E-mail').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/keys');
  });

  await step('a session that ends elsewhere leads to the sign-in and back', async () => {
    await page.goto('/');
    await page.getByTestId('prompt').waitFor();
    await page.context().clearCookies();
    // The page may notice by itself before the click arrives; from the first page it leads back there without saying so.
    const wallet = page.getByRole('link', { name: 'Wallet', exact: true }).first();
    await Promise.race([wallet.click().catch(() => {}), page.waitForURL(/\/signin(\?next=|$)/)]);
    await page.waitForURL(/\/signin(\?next=|$)/);
  });
}
