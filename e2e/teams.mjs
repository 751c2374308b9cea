// A team's way: its owner invites, somebody new accepts, makes a picture that the team pays for, and the owner sees it.
// BOTTEGA_TEAM names a team with tokens whose owner is BOTTEGA_EMAIL.
import { readFileSync } from 'node:fs';
import { accessible, fits } from './access.mjs';
import { phone, visitor } from './browser.mjs';
import { check, same, until } from './harness.mjs';
import { balance, finished, newcomer, ready } from './journey.mjs';
import { csv } from './money.mjs';

const { BOTTEGA_EMAIL: email, BOTTEGA_PASSWORD: password, BOTTEGA_TEAM: teamId } = process.env;

/** Reads from the studio's API as the page's person. */
const ask = (page, path) => page.evaluate(async (p) => (await fetch(`/api/studio${p}`)).json(), path);

async function signIn(page) {
  await page.goto('/signin');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByTestId('prompt').waitFor();
}

async function sound(page) {
  await page.waitForTimeout(400); // axe measures colours: let transitions end
  await accessible(page);
  await fits(page);
}

export async function teams(run, page, browser) {
  const step = (name, fn) => run.test(name, fn);
  const seen = {};

  const inside = await step('the owner finds the team among the teams', async () => {
    await signIn(page);
    await page.getByRole('link', { name: 'Teams' }).first().click();
    await page.getByTestId('team').first().click();
    await page.getByRole('heading', { name: 'Foxes', level: 1 }).waitFor();
    same(Number(await page.getByTestId('wallet-available').getAttribute('data-mt')), 75_000_000, 'the pool');
  });
  if (!inside) return;

  await step('an invitation gives a link, once', async () => {
    await page.getByLabel('Monthly limit (optional)').fill('50');
    await page.getByRole('button', { name: 'Make a link' }).click();
    seen.link = await page.getByTestId('invite-link').textContent();
    check(/\/join#invite_/.test(seen.link), `the link is ${seen.link}`);
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByTestId('invitation').waitFor();
  });

  const context = await visitor(browser, { viewport: phone, colorScheme: 'dark' });
  const guest = await context.newPage();
  const errors = [];
  guest.on('pageerror', (e) => errors.push(e.message));
  const person = newcomer();

  await step('a stranger with the link makes an account first, and the secret leaves the address', async () => {
    run.page = guest;
    await guest.goto(seen.link);
    await guest.getByRole('link', { name: 'Create an account first' }).click();
    check(!guest.url().includes('invite_'), `the address is ${guest.url()}`);
    await guest.getByLabel('E-mail').fill(person.email);
    await guest.getByLabel('Password', { exact: true }).fill(person.password);
    await guest.getByRole('button', { name: 'Create an account' }).click();
    await guest.getByTestId('invited-to').waitFor();
    same(await guest.getByTestId('invited-to').textContent(), 'Foxes', 'the team');
    await sound(guest);
  });

  const joined = await step('accepting leads into the team', async () => {
    await guest.getByRole('button', { name: 'Join', exact: true }).click();
    await guest.getByRole('heading', { name: 'Foxes', level: 1 }).waitFor();
    same(await guest.getByTestId('member').count(), 2, 'members');
    await sound(guest);
  });
  if (!joined) return void (await context.close());

  await step('the link works once', async () => {
    const again = await guest.context().newPage();
    await again.goto(seen.link);
    await again.getByText('This invitation is not valid').waitFor();
    await again.close();
  });

  await step('a member chooses the team beside the button, with the keyboard, and it stays chosen', async () => {
    await guest.goto('/');
    await guest.getByTestId('prompt').fill('a red fox');
    const button = guest.getByTestId('payer');
    await button.focus();
    await guest.keyboard.press('Enter');
    await guest.getByRole('menuitemradio', { name: /^Foxes/ }).waitFor();
    for (let n = 0; n < 6; n++) {
      const at = await guest.evaluate(() => document.activeElement?.textContent ?? '');
      if (at.startsWith('Foxes')) break;
      await guest.keyboard.press('ArrowDown');
    }
    await guest.keyboard.press('Enter');
    await until('the team pays', async () => (await button.getAttribute('data-team')) === teamId);
    await guest.reload();
    await until('the team still pays', async () => (await guest.getByTestId('payer').getAttribute('data-team')) === teamId);
  });

  await step('a picture is paid by the team, for the price on the button', async () => {
    await guest.getByTestId('prompt').fill('a red fox');
    await ready(guest);
    seen.price = Number(await guest.getByTestId('generate').getAttribute('data-price'));
    const own = await balance(guest);
    await guest.getByTestId('generate').click();
    seen.id = await finished(guest);
    same(await balance(guest), own, "one's own balance");
    const team = (await ask(guest, '/teams')).items[0];
    same(team.balance.available_mt, 75_000_000 - seen.price, 'the pool');
    same(team.used_mt, seen.price, 'what one used');
  });

  await step('a limit that is used up is said in plain words, with another way to pay', async () => {
    run.page = page;
    await page.reload();
    await page.getByRole('button', { name: new RegExp(`Limit of ${person.email}`) }).click();
    await page.getByLabel('Tokens a month').fill('1');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('≤ 1', { exact: true }).waitFor();
    run.page = guest;
    await guest.reload();
    await guest.getByTestId('prompt').fill('a blue fox');
    await guest.getByText(/left of your monthly limit in Foxes/).waitFor();
    await guest.getByRole('button', { name: 'Pay with my own tokens' }).click();
    await until('oneself pays', async () => !(await guest.getByTestId('payer').getAttribute('data-team')));
  });

  await step('the owner sees who used how much with which model, and the picture', async () => {
    run.page = page;
    await page.reload();
    const row = page.locator(`[data-testid=usage][data-email="${person.email}"]`);
    await row.waitFor();
    same(Number(await row.getAttribute('data-mt')), seen.price, 'the usage');
    await page.getByRole('link', { name: `a red fox, by ${person.email}` }).first().waitFor();
    await page.getByText(`Charged ${person.email}`).first().waitFor();
    await sound(page);
  });

  await step('the journal of the pool is filtered, and its file says whose work each line is about', async () => {
    const lines = page.getByTestId('pool-lines').locator('li');
    await page.getByTestId('filters').click();
    await page.getByLabel('What', { exact: true }).selectOption('hold');
    await until('only holds are shown', async () => {
      const ops = await lines.evaluateAll((all) => all.map((l) => l.dataset.op));
      return ops.length > 0 && ops.every((op) => op === 'hold');
    });
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByTestId('export').click()]);
    const [head, ...rows] = csv(readFileSync(await file.path(), 'utf8'));
    same(rows.length, await lines.count(), 'lines in the file');
    same(rows[0][head.indexOf('operation')], 'hold', 'operation');
    same(rows[0][head.indexOf('member')], person.email, 'member');
  });

  await step('the plan is shown for the seats one wants, and what a change comes to', async () => {
    await page.getByTestId('to-plan').click();
    await page.getByTestId('standing').waitFor();
    await page.getByTestId('no-checkout').waitFor();
    await page.getByLabel('Seats wanted').fill('9');
    const card = page.locator('[data-plan=team-growth]');
    await until('nine seats are shown', async () => (await card.textContent()).includes('$432'));
    await page.getByLabel('Seats wanted').fill('1');
    await page.getByText('3 to 1,000').waitFor();
    await sound(page);
    await page.setViewportSize(phone);
    await sound(page);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  await step('who is removed neither sees nor spends', async () => {
    await page.goto(`/teams/${teamId}`);
    await page.getByRole('button', { name: `Remove ${person.email}` }).click();
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await until('one member is left', async () => (await page.getByTestId('member').count()) === 1);
    run.page = guest;
    await guest.goto(`/teams/${teamId}`);
    await guest.getByText('There is no such team').waitFor();
    await guest.goto(`/g/${seen.id}`);
    await guest.getByText('This picture is gone').waitFor();
    await guest.goto('/');
    await guest.getByTestId('prompt').waitFor();
    same(await guest.getByTestId('payer').count(), 0, 'choices of who pays');
  });

  await step('a team of one’s own: made, renamed, dissolved', async () => {
    await guest.goto('/teams');
    await guest.getByText('You are in no team yet.').waitFor();
    await sound(guest);
    await guest.getByLabel('Name').fill('Owls');
    await guest.getByRole('button', { name: 'Make the team' }).click();
    await guest.getByRole('button', { name: 'Rename' }).click();
    await guest.getByRole('dialog').getByLabel('Name').fill('Night owls');
    await guest.getByRole('button', { name: 'Save' }).click();
    await guest.getByRole('heading', { name: 'Night owls', level: 1 }).waitFor();
    await guest.getByRole('button', { name: 'Dissolve the team' }).click();
    await guest.getByLabel('Name of the team').fill('Night owls');
    await guest.getByRole('dialog').getByRole('button', { name: 'Dissolve the team' }).click();
    await guest.getByText(/This team was dissolved on/).waitFor();
  });

  await step('teams: no script failed for the guest', () => {
    if (errors.length) throw new Error(errors.join('\n'));
  });
  await context.close();
  run.page = page;
}
