// Showing the model pictures: uploads, the tray, marking a part, and what comes of it.
import { readFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import { check, same, until } from './harness.mjs';
import { finished, newcomer, ready, signUp } from './journey.mjs';

/** A PNG made of a function from place to red, green, blue. */
export function drawn(width, height, colour) {
  const png = new PNG({ width, height });
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) png.data.set([...colour(x, y), 255], (y * width + x) * 4);
  return PNG.sync.write(png);
}

const ramp = (x, y) => [x, 255 - y, 90];
export const fox = { name: 'fox.png', mimeType: 'image/png', buffer: drawn(160, 120, ramp) };

/** Opens the chooser, which is a chip on wide screens and part of the sheet on phones. */
export async function choose(page, files, small = false) {
  if (small) await page.getByTestId('settings').click();
  else await page.getByRole('button', { name: /^Pictures/ }).click();
  await page.getByTestId('file').setInputFiles(files);
}

async function picture(page) {
  await page.getByTestId('tile').first().click();
  await page.getByTestId('picture').waitFor();
  await page.getByTestId('download').click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByTestId('download-png').click()]);
  return PNG.sync.read(readFileSync(await file.path()));
}

export async function pictures(run, page) {
  const step = (name, fn) => run.test(`pictures: ${name}`, fn);
  const shown = (use) => page.locator(`[data-testid=shown][data-use=${use}]`);
  // Which way a picture is looked at first depends on what the model's weights can read.
  const looks = () => page.locator('[data-testid=shown]:not([data-use=start])');
  await signUp(page, newcomer());

  const begun = await step('a chosen file stands in the tray as the start, and gives the pictures its shape', async () => {
    await choose(page, [fox]);
    await shown('start').waitFor();
    await page.getByRole('button', { name: /^Size: .*160×120/ }).waitFor();
  });
  if (!begun) return;

  await step('a file that is no picture says so and can be put away', async () => {
    await choose(page, [{ name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('hello') }]);
    await page.getByText(/not a picture that can be read/).waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    same(await page.getByTestId('shown').count(), 1, 'pictures in the tray');
  });

  await step('a pasted picture becomes a reference, and the price follows', async () => {
    await page.getByTestId('prompt').fill('a red fox');
    await ready(page);
    const price = () => page.getByTestId('generate').getAttribute('data-price').then(Number);
    await page.getByRole('button', { name: 'What this costs' }).click();
    await until('no line for references', async () => (await page.getByText('1 reference').count()) === 0);
    await page.keyboard.press('Escape');
    const before = await price();
    await page.evaluate((bytes) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], 'pasted.png', { type: 'image/png' }));
      document
        .querySelector('[data-testid=prompt]')
        .dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    }, [...drawn(64, 64, (x) => (x % 16 < 8 ? [250, 220, 60] : [40, 60, 120]))]);
    await looks().waitFor();
    await ready(page);
    await page.getByRole('button', { name: 'What this costs' }).click();
    await page.getByText('1 reference').first().waitFor();
    await page.keyboard.press('Escape');
    check((await price()) >= before, 'a reference does not make it cheaper');
  });

  await step('a dropped picture finds a place', async () => {
    const dropped = await page.evaluateHandle((bytes) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], 'dropped.png', { type: 'image/png' }));
      return data;
    }, [...drawn(48, 48, () => [9, 99, 9])]);
    await page.getByTestId('prompt').dispatchEvent('drop', { dataTransfer: dropped });
    await until('two references', async () => (await looks().count()) === 2);
    await looks().last().getByRole('button', { name: /^Remove/ }).click();
  });

  await step('a picture can change its role', async () => {
    await looks().getByLabel('What it is for').selectOption('edge');
    await shown('edge').waitFor();
    await shown('edge').getByRole('button', { name: /^Remove/ }).click();
    await shown('edge').waitFor({ state: 'detached' });
  });

  await step('draft quality and image-to-image run and name the start in the recipe', async () => {
    await page.getByTestId('quality').getByText('Draft').click();
    await page.getByRole('button', { name: 'Fewer pictures' }).click({ clickCount: 3 });
    await ready(page);
    await page.getByTestId('generate').click();
    await page.getByRole('article', { name: 'a red fox' }).waitFor();
    await finished(page);
    await page.getByTestId('tile').first().click();
    await page.getByTestId('inputs').getByText('Start from it').waitFor();
    await page.goto('/');
  });

  await step('marks are drawn by hand and by keyboard, undone, inverted and cleared', async () => {
    await page.getByTestId('mark').click();
    const board = page.getByTestId('board');
    await board.waitFor();
    const inked = () =>
      board.locator('canvas').evaluate((c) => {
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let n = 0;
        for (let i = 3; i < d.length; i += 4) if (d[i]) n += 1;
        return n / (c.width * c.height);
      });
    await board.focus();
    await page.keyboard.press('Space');
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    await until('something is marked', async () => (await inked()) > 0);
    const few = await inked();
    await page.getByRole('button', { name: 'Invert (I)' }).click();
    await until('the rest is marked', async () => (await inked()) > 1 - few - 0.1);
    await page.keyboard.press('Control+z');
    await until('the inversion is undone', async () => Math.abs((await inked()) - few) < 0.001);
    await page.getByRole('button', { name: 'Clear' }).click();
    await until('nothing is marked', async () => (await inked()) === 0);
    await page.getByTestId('use-part').click();
    await page.getByText('Nothing is marked yet.').waitFor();
  });

  const marked = await step('a marked part goes to the prompt', async () => {
    await page.locator('label', { hasText: 'Rectangle' }).click();
    const r = await page.getByTestId('board').boundingBox();
    await page.mouse.move(r.x + r.width / 2, r.y + 2);
    await page.mouse.down();
    await page.mouse.move(r.x + r.width + 30, r.y + r.height + 30, { steps: 4 });
    await page.mouse.up();
    await page.getByTestId('use-part').click();
    await page.getByText('Repaints a part').waitFor();
  });
  if (!marked) return;

  await step('outside the marks every pixel stays as it was', async () => {
    await page.getByTestId('prompt').fill('a green hat');
    await ready(page);
    await page.getByTestId('generate').click();
    await page.getByRole('article', { name: 'a green hat' }).waitFor();
    await finished(page);
    const { width, height, data } = await picture(page);
    same(`${width}×${height}`, '160×120', 'size');
    const mock = /mock/.test((await page.evaluate(() => fetch('/api/studio/status').then((r) => r.json()))).version);
    if (mock) return 'the mock does not paint';
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width / 2 - 2; x++) {
        const at = (y * width + x) * 4;
        same(`${[...data.subarray(at, at + 4)]}`, `${[...ramp(x, y), 255]}`, `pixel ${x}, ${y}`);
      }
  });

  await step('a picture is extended from its own page', async () => {
    await page.getByTestId('edit-part').click();
    await page.getByTestId('board').waitFor();
    await page.getByText('Extend', { exact: true }).click();
    const right = page.getByRole('slider', { name: 'Right' });
    await right.focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
    same(await right.getAttribute('aria-valuenow'), '40', 'pixels');
    await page.getByTestId('use-part').click();
    await page.getByText('Extends it').waitFor();
    await page.getByRole('button', { name: /^Size: .*200×120/ }).waitFor();
    await page.getByTestId('prompt').fill('a green hat on a hill');
    await ready(page);
    await page.getByTestId('generate').click();
    await page.getByRole('article', { name: 'a green hat on a hill' }).waitFor();
    await finished(page);
  });

  await step('a part is erased without a word', async () => {
    await page.getByTestId('mark').click();
    await page.getByText('Erase', { exact: true }).click();
    const r = await page.getByTestId('board').boundingBox();
    await page.mouse.move(r.x + r.width / 3, r.y + r.height / 3);
    await page.mouse.down();
    await page.mouse.move(r.x + r.width / 2, r.y + r.height / 2, { steps: 4 });
    await page.mouse.up();
    await page.getByTestId('use-part').click();
    await page.getByText('Erases a part').waitFor();
    await page.getByTestId('prompt').fill('');
    await ready(page);
    await page.getByTestId('generate').click();
    await page.getByRole('article', { name: 'A part erased' }).waitFor();
    await finished(page);
  });

  await step('boxes are drawn and named', async () => {
    await page.getByRole('button', { name: /^Remove: Start/ }).click();
    await page.getByRole('button', { name: /^Layout/ }).click();
    const r = await page.getByTestId('paper').boundingBox();
    await page.mouse.move(r.x + 10, r.y + 10);
    await page.mouse.down();
    await page.mouse.move(r.x + r.width / 2, r.y + r.height / 2, { steps: 4 });
    await page.mouse.up();
    await page.getByLabel('What is in box 1').fill('a fox');
    await page.getByRole('button', { name: 'Add a box' }).click();
    await page.getByLabel('What is in box 2').fill('a tree');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Layout: Layout · 2' }).waitFor();
    await page.getByTestId('prompt').fill('a fox beside a tree');
    await ready(page);
    await page.getByTestId('generate').click();
    await page.getByRole('article', { name: 'a fox beside a tree' }).waitFor();
    await finished(page);
  });

  await step('a deleted upload is gone from the tray too', async () => {
    await choose(page, [fox]);
    await shown('start').waitFor();
    await page.getByRole('button', { name: /^Pictures/ }).click();
    await page.getByRole('button', { name: /^Delete upload/ }).last().click();
    await page.keyboard.press('Escape');
    await page.getByText('This picture is not there any more.').waitFor();
    await page.getByRole('button', { name: /^Remove: Start/ }).click();
    await ready(page);
  });
}
