// Waiting in line: places and waits, moving one to the front, keeping back, going on, cancelling what waits.
import { accessible } from './access.mjs';
import { check, same, until } from './harness.mjs';
import { call, newcomer, ready, signUp } from './journey.mjs';

const group = (page, id) => page.locator(`[data-testid=group][data-id="${id}"]`);
const place = async (page, id) => {
  const shown = group(page, id).getByTestId('place');
  if ((await shown.count()) === 0) return 'none';
  return (await shown.getAttribute('data-kept')) === null ? Number(await shown.getAttribute('data-place')) : 'kept';
};
const places = async (page, ids) => (await Promise.all(ids.map((id) => place(page, id)))).join(' ');
const stand = (page, ids, want) =>
  until(`the places ${want}`, async () => {
    const now = await places(page, ids);
    if (now !== want) return null;
    return now;
  }).catch(async (e) => {
    throw new Error(`${e.message}; now ${await places(page, ids)}`);
  });

export async function line(run, page) {
  const step = (name, fn) => run.test(`line: ${name}`, fn);
  const strip = page.getByTestId('line');
  let ids = [];

  const waiting = await step('three that wait behind a long one say their places', async () => {
    await signUp(page, newcomer());
    const model = (await call(page, 'GET', '/models')).items[0];
    await call(page, 'POST', '/generations', { prompt: 'slow whale', count: model.count.max, steps: model.steps.max });
    await until('the long one runs', async () => (await call(page, 'GET', '/generations')).items[0]?.state === 'running');
    for (const prompt of ['an owl', 'a bee'])
      ids.push((await call(page, 'POST', '/generations', { prompt, count: 1, steps: model.steps.min })).id);
    await page.getByTestId('prompt').fill('a cat'); // the third as people do
    await ready(page);
    await page.keyboard.press('Control+Enter');
    ids = await until('all three are there', async () => {
      const items = (await call(page, 'GET', '/generations')).items.filter((g) => g.state === 'waiting');
      return items.length === 3 && items.reverse().map((g) => g.id);
    });
    await stand(page, ids, '1 2 3');
    const said = await group(page, ids[2]).getByTestId('place').textContent();
    check(said.includes('3rd in line'), `the tile says ${said}`);
    await until('the strip', async () => /1 painting · 3 waiting/.test(await strip.textContent()));
  });
  if (!waiting) return;

  await step('the last one is moved to the front with the keyboard', async () => {
    const next = group(page, ids[2]).getByRole('button', { name: 'Next' });
    await next.focus();
    await page.keyboard.press('Enter');
    await stand(page, ids, '2 3 1');
    await group(page, ids[2]).getByRole('button', { name: 'Later' }).click();
    await stand(page, ids, '1 2 3');
    await next.click();
    await stand(page, ids, '2 3 1');
  });

  await step('all that waits is put in order with the keyboard and with the mouse', async () => {
    await page.getByTestId('line-arrange').click();
    const rows = page.getByTestId('waiting');
    await until('three rows', async () => (await rows.count()) === 3);
    const order = async () => (await rows.evaluateAll((all) => all.map((r) => r.dataset.id))).map((id) => ids.indexOf(id)).join('');
    same(await order(), '201', 'the rows');
    await rows.nth(2).getByRole('button', { name: /^Move/ }).focus();
    for (const key of ['Space', 'ArrowUp', 'Space']) {
      await page.keyboard.press(key);
      await page.waitForTimeout(300); // as a hand does; the row glides
    }
    await until('the second row changed', async () => (await order()) === '210');
    await stand(page, ids, '3 2 1');
    await accessible(page);
    const from = await rows.nth(1).getByRole('button', { name: /^Move/ }).boundingBox();
    const to = await rows.nth(2).boundingBox();
    await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
    await page.mouse.down();
    await page.mouse.move(from.x + from.width / 2, to.y + to.height / 2, { steps: 8 });
    await page.mouse.move(from.x + from.width / 2, to.y + to.height * 0.8, { steps: 4 });
    await page.mouse.up();
    await stand(page, ids, '2 3 1');
    await page.keyboard.press('Escape');
    await page.reload();
    await stand(page, ids, '2 3 1');
  });

  await step('one is kept back and let go', async () => {
    await group(page, ids[0]).getByRole('button', { name: 'Keep back' }).click();
    await stand(page, ids, 'kept 2 1');
    await until('the strip', async () => /1 kept back/.test(await strip.textContent()));
    await group(page, ids[0]).getByRole('button', { name: 'Let go' }).click();
    await stand(page, ids, '2 3 1');
    await page.mouse.move(0, 0); // a tooltip is no landmark
    await page.waitForTimeout(400);
    await accessible(page);
  });

  await step('all is kept back, also after a reload, and goes on', async () => {
    await page.getByTestId('line-pause').click();
    await stand(page, ids, 'kept kept kept');
    await page.reload();
    await until('the strip says so', async () => /^Paused/.test(await strip.textContent()));
    await stand(page, ids, 'kept kept kept');
    same(await page.getByTestId('line-pause').textContent(), 'Go on', 'the button');
    await page.getByTestId('line-pause').click();
    await stand(page, ids, '2 3 1');
  });

  await step('what waits is cancelled and what runs goes on', async () => {
    await page.getByTestId('line-cancel').click();
    await page.getByText('3 are cancelled.').waitFor();
    for (const id of ids) await until('it is cancelled', async () => (await group(page, id).getAttribute('data-state')) === 'cancelled');
    const [running] = (await call(page, 'GET', '/generations')).items.filter((g) => g.prompt === 'slow whale');
    same(running.state, 'running', 'the long one');
    await until('the strip goes', async () => (await strip.count()) === 0);
    await call(page, 'POST', `/generations/${running.id}/cancel`);
  });
}
