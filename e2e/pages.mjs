// Every page for people who cannot see or aim well: axe in light and dark, and nothing wider than a phone.
import { accessible, fits } from './access.mjs';
import { laptop, phone, visitor } from './browser.mjs';
import { check } from './harness.mjs';
import { finished, newcomer, ready, signUp } from './journey.mjs';
import { choose, fox } from './pictures.mjs';

export async function pages(run, browser) {
  const person = newcomer();
  let cookies = [];
  let id = '';
  for (const [name, viewport, colorScheme] of [
    ['phone light', phone, 'light'],
    ['phone dark', phone, 'dark'],
    ['laptop light', laptop, 'light'],
    ['laptop dark', laptop, 'dark'],
  ]) {
    const context = await visitor(browser, { viewport, colorScheme, reducedMotion: 'reduce' });
    const page = await context.newPage();
    run.page = page;
    const visit = (what, prepare) =>
      run.test(`${name}: ${what} is accessible and fits`, async () => {
        await prepare();
        await page.waitForTimeout(400); // axe measures colours: let transitions end
        await accessible(page);
        await fits(page);
      });

    if (!id) {
      await visit('the sign-up page', async () => {
        await page.goto('/signup');
        await page.getByLabel('E-mail').waitFor();
      });
      await visit('the empty studio', () =>
        signUp(page, person).then(() => page.getByTestId('starter').first().waitFor()),
      );
      await run.test('a starter runs with one press on a phone', async () => {
        await page.getByTestId('starter').first().click();
        id = await finished(page);
      });
      cookies = await context.cookies();
    } else await context.addCookies(cookies);

    await visit('the gallery', async () => {
      await page.goto('/');
      await page.getByTestId('tile').first().waitFor();
      await page.getByTestId('prompt').fill('a whale');
      await ready(page);
    });
    await visit('the picture page', async () => {
      await page.goto(`/g/${id}`);
      await page.getByTestId('picture').waitFor();
    });
    await visit('the tray and the chooser of pictures', async () => {
      await page.goto('/');
      await page.getByTestId('prompt').waitFor();
      await choose(page, [fox], viewport === phone);
      await page.getByTestId('shown').first().waitFor();
      if (viewport === phone) await page.getByTestId('settings').click();
      else await page.getByRole('button', { name: /^Pictures/ }).click();
      await page.getByRole('list', { name: 'What you uploaded before' }).waitFor();
    });
    await visit('the page that marks a part', async () => {
      await page.keyboard.press('Escape');
      await page.getByTestId('mark').click();
      await page.getByTestId('board').waitFor();
    });
    await visit('the page that extends', async () => {
      await page.getByText('Extend', { exact: true }).click();
      await page.getByTestId('frame').waitFor();
    });
    await visit('the layout', async () => {
      await page.goto('/');
      if (viewport === phone) await page.getByTestId('settings').click();
      else await page.getByRole('button', { name: /^Layout/ }).click();
      await page.getByRole('button', { name: 'Add a box' }).click();
      await page.getByLabel('What is in box 1').fill('a fox');
    });
    await visit('the wallet', async () => {
      await page.goto('/wallet');
      const entry = page.locator('tr[data-op]').first();
      await entry.waitFor();
      const amount = await entry.locator('td').last().boundingBox();
      const edge = amount.x + amount.width;
      check(edge <= viewport.width, `the amount of a journal entry ends at ${edge}, outside the window`);
    });
    await visit('the filters of the journal', async () => {
      await page.getByTestId('filters').click();
      await page.getByLabel('From day').waitFor();
    });
    for (const [what, path, there] of [
      ['plans', '/plans', 'standing'],
      ['packs', '/packs', 'own-price'],
      ['payments', '/payments', 'no-checkout'],
    ])
      await visit(`the page of ${what}`, async () => {
        await page.goto(path);
        await page.getByTestId(there).waitFor();
      });
    await visit('the page of keys', async () => {
      await page.goto('/keys');
      await page.getByText('No keys yet.').waitFor();
    });
    await visit('the settings', async () => {
      await page.goto('/');
      if (viewport === phone) await page.getByTestId('settings').click();
      else await page.getByRole('button', { name: /^Size:/ }).click();
      await page.getByLabel('Width').waitFor();
    });
    await visit('the sign-in page', async () => {
      await context.clearCookies();
      await page.goto('/signin');
      await page.getByLabel('E-mail').waitFor();
    });
    await context.close();
  }
}
