// Tokens and money as people meet them: the purse as a picture, codes, the journal and its file, plans, keys, notices.
import { readFileSync } from 'node:fs';
import { check, same, until } from './harness.mjs';
import { balance, finished, newcomer, ready, signUp } from './journey.mjs';

const ask = (page, path) => page.evaluate(async (p) => (await fetch(`/api/studio${p}`)).json(), path);

/** Reads CSV as RFC 4180 has it, strictly: CRLF, quotes doubled. */
export function csv(text) {
  const rows = [[]];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',' || c === '\r') {
      rows.at(-1).push(cell);
      cell = '';
      if (c === '\r') {
        same(text[i + 1], '\n', 'the character after a carriage return');
        i += 1;
        rows.push([]);
      }
    } else cell += c;
  }
  check(rows.pop().length === 0 && cell === '', 'the file ends with its last line');
  return rows;
}

export async function money(run, page) {
  const step = (name, fn) => run.test(name, fn);
  const person = newcomer();

  await step('a code fills the purse, and the picture shows it', async () => {
    await signUp(page, person);
    await page.goto('/wallet');
    const available = page.getByTestId('wallet-available');
    await available.waitFor();
    const before = Number(await available.getAttribute('data-mt'));
    same(await page.locator('[data-testid=layers] [data-layer=topup]').count(), 0, 'top-ups in the picture');
    await page.getByLabel('Code', { exact: true }).fill('no such code');
    await page.getByRole('button', { name: 'Redeem' }).click();
    await page.getByText('There is no such code').waitFor();
    await page.getByLabel('Code', { exact: true }).fill(process.env.CODE.toLowerCase().replaceAll('-', ' '));
    await page.keyboard.press('Enter');
    await until('the tokens arrived', async () => Number(await available.getAttribute('data-mt')) === before + 250_000);
    await page.locator('[data-testid=layers] [data-layer=topup]').waitFor({ state: 'attached' });
    same(await page.locator('li[data-layer=topup]').getAttribute('data-mt'), '250000', 'the top-up in the list');
    await page.locator('tr[data-op=grant]').filter({ hasText: 'spring fair' }).waitFor();
    await page.getByLabel('Code', { exact: true }).fill(process.env.CODE);
    await page.keyboard.press('Enter');
    await page.getByText('You have redeemed this code before').waitFor();
  });

  await step('the price on the button tells its lines to the mouse, the keyboard and a finger', async () => {
    await page.goto('/');
    await page.getByTestId('prompt').fill('a small fox');
    await ready(page);
    await page.getByTestId('generate').hover();
    await page.getByRole('tooltip').getByText('Tokens in all').waitFor();
    await page.mouse.move(5, 5);
    const details = page.getByRole('button', { name: 'What this costs' });
    await details.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('Tokens in all').waitFor();
    await page.keyboard.press('Escape');
    await details.click();
    await page.getByRole('dialog').getByText('Cheaper ways').waitFor();
    await page.keyboard.press('Escape');
  });

  await step('the journal is filtered, and its file is what the API says', async () => {
    await page.getByTestId('generate').click();
    const id = await finished(page);
    await page.goto('/wallet');
    await page.locator('tr[data-op=capture]').first().waitFor();
    await page.getByTestId('filters').click();
    await page.getByLabel('What', { exact: true }).selectOption('hold');
    await until('only holds are shown', async () => {
      const ops = await page.locator('tr[data-op]').evaluateAll((rows) => rows.map((r) => r.dataset.op));
      return ops.length > 0 && ops.every((op) => op === 'hold');
    });
    await page.getByLabel('What', { exact: true }).selectOption('');
    await page.getByLabel('Generation', { exact: true }).fill(id);
    await until('only this generation is shown', async () => {
      const ids = await page.locator('tr[data-op]').evaluateAll((rows) => rows.map((r) => r.dataset.generation));
      return ids.length >= 2 && ids.every((g) => g === id);
    });
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByTestId('export').click()]);
    check(/^bottega-tokens-\d{4}-\d\d-\d\d\.csv$/.test(file.suggestedFilename()), `the file is called ${file.suggestedFilename()}`);
    const [head, ...rows] = csv(readFileSync(await file.path(), 'utf8'));
    const { items } = await ask(page, `/journal?generation=${id}&limit=100`);
    same(rows.length, items.length, 'lines in the file');
    const column = (name) => head.indexOf(name);
    rows.forEach((row, i) => {
      const item = items[items.length - 1 - i]; // the file begins with the oldest
      same(row[column('number')], String(item.seq), 'number');
      same(Date.parse(row[column('time')]), Date.parse(item.at.replace(/(\.\d{3})\d*/, '$1')), 'time');
      same(row[column('operation')], item.op, 'operation');
      same(row[column('change')], String(item.amount_mt / 1000), 'change');
      same(row[column('amount')], String(item.moved_mt / 1000), 'amount');
      same(row[column('generation')], id, 'generation');
      same(row[column('model')], item.model, 'model');
    });
    await page.getByLabel('From day').fill('2020-01-01');
    await page.getByLabel('To day').fill('2020-01-02');
    await page.getByText('Nothing matches.').waitFor();
    await page.getByRole('button', { name: 'Clear the filter' }).first().click();
    await page.locator('tr[data-op=grant]').first().waitFor();
  });

  await step('a key gets terms, and they are kept', async () => {
    await page.goto('/keys');
    await page.getByLabel('Name').fill('nightly');
    await page.getByLabel('Budget a month').fill('500');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByText('0 of 500 tokens used this month').waitFor();
    await page.getByRole('button', { name: 'Change the terms of nightly' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Pays with').selectOption('credits');
    await dialog.getByLabel('Budget a month').fill('12.5');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('0 of 12.5 credits used this month').waitFor();
    const [key] = (await ask(page, '/keys')).items;
    same(key.pays_with, 'credits', 'pays with');
    same(key.budget_mt, 12_500, 'budget');
  });

  await step('a studio without payments says how to get tokens', async () => {
    for (const path of ['/plans', '/packs', '/payments']) {
      await page.goto(path);
      await page.getByTestId('no-checkout').getByRole('link', { name: 'Redeem a code' }).waitFor();
    }
    same(await page.getByRole('button', { name: /^(Choose|Buy)/ }).count(), 0, 'buttons that would not work');
  });

  await page.context().clearCookies();
  await step('a notice stands on every page until it is dismissed, and then nowhere', async () => {
    await page.goto('/signin');
    await page.getByLabel('E-mail').fill(process.env.PLANNER_EMAIL);
    await page.getByLabel('Password', { exact: true }).fill(process.env.BOTTEGA_PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const notice = page.getByTestId('alert').filter({ hasText: '40 tokens expire soon' });
    await notice.waitFor({ timeout: 60_000 });
    await page.goto('/keys');
    await notice.getByRole('button', { name: /^Dismiss/ }).click();
    await notice.waitFor({ state: 'detached' });
    await page.reload();
    await page.getByLabel('Name').waitFor();
    await until('the notices were asked for', async () => (await ask(page, '/alerts')).items.length === 0);
    same(await notice.count(), 0, 'notices after a reload');
    await page.goto('/wallet');
    await page.getByTestId('way-pool').selectOption('off');
    await until('the choice is kept', async () => (await ask(page, '/alerts/settings')).ways.pool === 'off');
  });

  await step('a change of the plan shows what it comes to before it happens', async () => {
    await page.goto('/plans');
    await page.getByTestId('standing').getByText('You are on Artisan, paid until').waitFor();
    await page.getByTestId('choose-maestro').click();
    const preview = page.getByTestId('preview');
    await preview.waitFor();
    const price = Number(await preview.getAttribute('data-price'));
    const tokens = Number(await preview.getAttribute('data-tokens'));
    check(price > 29_000_000 && price <= 30_000_000, `moving up on the first day costs the difference: ${price}`);
    check(tokens > 34_000_000 && tokens <= 35_000_000, `and brings it: ${tokens}`);
    await page.getByText('ask its operator for this change').waitFor();
    await page.keyboard.press('Escape');

    const before = await balance(page);
    await page.getByTestId('choose-apprentice').click();
    await page.getByRole('dialog').getByText('Takes effect').waitFor();
    await page.getByTestId('confirm').click();
    await page.getByTestId('standing').getByText('Apprentice (paid monthly) follows on').waitFor();
    same((await ask(page, '/subscription')).next.plan, 'apprentice', 'the plan that follows');
    same(await balance(page), before, 'tokens after planning a smaller plan');
    await page.getByRole('button', { name: 'Stay on Artisan' }).click();
    await page.getByTestId('confirm').click();
    await page.getByTestId('standing').getByText('paid until').waitFor();

    await page.getByRole('button', { name: 'Cancel the plan' }).click();
    await page.getByTestId('confirm').click();
    await page.getByTestId('standing').getByText('Artisan ends on').waitFor();
    same((await ask(page, '/subscription')).state, 'cancelled', 'state');
    await page.getByRole('button', { name: 'Keep Artisan' }).click();
    await page.getByTestId('confirm').click();
    await page.getByTestId('standing').getByText('paid until').waitFor();
    same((await ask(page, '/subscription')).state, 'settled', 'state');
  });
}
