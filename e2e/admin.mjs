// Whoever runs the studio: stops a lane, an account and work, gives tokens, and finds it all in the log; nobody else does.
// OWNER_LINK is the one-time link of a studio that nobody owns yet.
import { accessible } from './access.mjs';
import { phone, visitor } from './browser.mjs';
import { check, same, until } from './harness.mjs';
import { balance, call, newcomer, signUp } from './journey.mjs';

async function fits(page, width) {
  await page.mouse.move(0, 0); // a tooltip is no landmark
  await page.waitForTimeout(400); // axe measures colours: let transitions end
  await accessible(page);
  const full = await page.evaluate(() => document.documentElement.scrollWidth);
  check(full <= width, `the page is ${full} px wide in a window of ${width}`);
}

export async function admin(run, page, browser) {
  const step = (name, fn) => run.test(`admin: ${name}`, fn);
  const link = new URL(process.env.OWNER_LINK);
  const person = newcomer();
  const context = await visitor(browser, { viewport: phone, colorScheme: 'dark' });
  const guest = await context.newPage();
  let work = '';

  const inside = await step('the owner goes from the account menu to the line', async () => {
    await page.goto(link.pathname + link.search);
    await page.getByLabel('E-mail').fill(`owner-${Date.now()}@example.org`);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.locator('form button[type=submit]').click();
    await page.getByTestId('prompt').waitFor();
    await page.getByTestId('account').click();
    await page.getByRole('menuitem', { name: 'Run the studio' }).click();
    await page.getByTestId('worker').waitFor();
    same(await page.getByTestId('lane').count(), 3, 'lanes');
    await fits(page, 1440);
  });
  if (!inside) return void (await context.close());

  await step('a paused lane is told, and goes on', async () => {
    await signUp(guest, person);
    await page.getByRole('button', { name: 'Pause People' }).click();
    await page.getByRole('button', { name: 'People: go on' }).waitFor();
    work = (await call(guest, 'POST', '/generations', { prompt: 'a quiet owl', count: 8, steps: 50 })).id;
    const place = guest.locator(`[data-id="${work}"]`).getByTestId('place');
    await until('the tile says so', async () => /Paused by the studio/.test(await place.textContent()));
    await page.getByRole('button', { name: 'People: go on' }).click();
    await until('it runs', async () => (await call(guest, 'GET', `/generations/${work}`)).state === 'running');
  });

  await step('work is cancelled with a reason', async () => {
    await page.getByRole('link', { name: 'Work' }).click();
    await page.locator(`[data-testid=work][data-id="${work}"]`).click();
    await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('the machine is needed');
    await page.getByTestId('cancel-work').click();
    await until('its owner reads why', async () => {
      const g = await call(guest, 'GET', `/generations/${work}`);
      return g.state === 'cancelled' && g.failure.message === 'the machine is needed';
    });
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByText('All', { exact: true }).click();
    await page.locator(`[data-testid=work][data-id="${work}"][data-state=cancelled]`).waitFor();
    check(!(await page.content()).includes('quiet owl'), 'the page knows the prompt');
    await fits(page, 1440);
  });

  await step('an account is stopped, its owner reads why, and goes on', async () => {
    await page.getByRole('link', { name: 'Accounts' }).click();
    await page.getByTestId('search').fill(person.email.slice(0, 14));
    await page.locator(`[data-testid=account-row][data-email="${person.email}"]`).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: /^Reason; the owner/ }).fill('please write to us');
    await dialog.getByTestId('stop').click();
    await dialog.getByTestId('stopped-for').waitFor();
    const told = guest.getByTestId('line-stopped');
    await until('the strip says why', async () => (await told.count()) > 0 && /please write to us/.test(await told.textContent()));
    await fits(guest, phone.width);
    await dialog.getByTestId('let-go').click();
    await until('the strip goes', async () => (await told.count()) === 0);
  });

  await step('tokens are given by hand and arrive at once', async () => {
    const had = await balance(guest);
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Amount').fill('12.5');
    await dialog.getByRole('textbox', { name: /^Reason; it stands/ }).fill('sorry for the wait');
    await dialog.getByTestId('give').click();
    await until('they are there', async () => (await balance(guest)) === had + 12_500);
    await fits(page, 1440);
    await page.keyboard.press('Escape');
  });

  await step('the log has it all, and fits on a phone in the dark', async () => {
    await page.getByRole('link', { name: 'Log' }).click();
    await page.getByTestId('audit').first().waitFor();
    const actions = await page.getByTestId('audit').evaluateAll((all) => all.map((e) => e.dataset.action));
    const [last, before] = [actions.slice(0, 6).join(' '), actions.slice(6)];
    same(last, 'tokens.grant account.resume account.stop work.cancel lane.resume lane.pause', 'the end of the log');
    check(before.includes('key.create'), `what was done in the shell is not in the log: ${before}`);
    await page.setViewportSize(phone);
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const path of ['/admin', '/admin/work?state=all', '/admin/accounts', '/admin/audit']) {
      await page.goto(path);
      await page.locator('[data-testid=worker], [data-testid=work], [data-testid=account-row], [data-testid=audit]').first().waitFor();
      await fits(page, phone.width);
    }
  });

  await step('nobody else gets in', async () => {
    run.page = guest;
    await guest.goto('/admin');
    await guest.getByText('That is not for you').waitFor();
    const status = await guest.evaluate(async () => (await fetch('/api/studio/admin/overview')).status);
    same(status, 403, 'the answer to a member');
  });
  await context.close();
}
