// Fails when the JavaScript that the first page needs grows over its budget, gzipped. Reads Vite's manifest, so that
// it counts what is really loaded: the entry, what it imports, and the chunks of the shell and the create page.
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET_KB = 230;
const FIRST = ['index.html', 'src/shell/Shell.tsx', 'src/create/CreatePage.tsx'];

const file = 'dist/.vite/manifest.json';
if (!existsSync(file)) {
  console.error(`${file} is missing: run "npm run build" first`);
  process.exit(1);
}
const manifest = JSON.parse(readFileSync(file, 'utf8'));
const js = new Set();
const css = new Set();
const walk = (key) => {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`the manifest has no ${key}`);
  if (js.has(chunk.file)) return;
  js.add(chunk.file);
  for (const sheet of chunk.css ?? []) css.add(sheet);
  for (const other of chunk.imports ?? []) walk(other);
};
for (const key of FIRST) walk(key);

const kb = (files) =>
  [...files].reduce((sum, f) => sum + gzipSync(readFileSync(`dist/${f}`), { level: 9 }).length, 0) / 1000;
const first = kb(js);
console.log(
  `first load: ${first.toFixed(1)} kB JavaScript in ${js.size} files, ${kb(css).toFixed(1)} kB CSS (gzip)`,
);
if (first > BUDGET_KB) {
  console.error(`over the budget of ${BUDGET_KB} kB JavaScript`);
  process.exit(1);
}
