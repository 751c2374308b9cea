// Renders one style's drawings to raw RGBA. Run as a child process by tempera.data: a broken
// picture then costs one style a retry, never the build.
//
//   node render.mjs JOB.json OUT.raw
//
// JOB: {"modules": dir, "package": name, "kind": "iconify" | "webp" | "avatar", "size": 256, "names": [...],
// "avatars": what avatars.mjs wrote}.
// OUT: size*size*4 bytes a name, straight (not premultiplied) RGBA, in order; a name that cannot be
// rendered is all zeros and is listed on stdout as JSON {"failed": [...]}.
import { createRequire } from 'node:module';
import { openSync, readFileSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';

const [jobFile, outFile] = process.argv.slice(2);
const job = JSON.parse(readFileSync(jobFile, 'utf8'));
const sharp = createRequire(join(job.modules, 'package.json'))('sharp');
sharp.concurrency(1);
const root = join(job.modules, 'node_modules', job.package);
const icons = job.kind === 'iconify' ? JSON.parse(readFileSync(join(root, 'icons.json'), 'utf8')) : null;
const avatars = job.kind === 'avatar' ? JSON.parse(readFileSync(job.avatars, 'utf8')) : null;

/** The SVG text of an icon set's entry; `currentColor` becomes near-black ink. */
function svg(name) {
  const icon = icons.icons[name];
  const box = (key, fallback) => icon[key] ?? icons[key] ?? fallback;
  const [left, top, width, height] = [box('left', 0), box('top', 0), box('width', 16), box('height', 16)];
  const body = icon.body.replaceAll('currentColor', '#1c1c1f');
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
      `width="${width}" height="${height}" viewBox="${left} ${top} ${width} ${height}">${body}</svg>`,
  );
}

async function draw(name) {
  const clear = { r: 0, g: 0, b: 0, alpha: 0 };
  let input;
  if (job.kind === 'iconify') {
    const { width = icons.width ?? 16, height = icons.height ?? 16 } = icons.icons[name];
    const density = Math.min(2400, (72 * job.size * 2) / Math.max(width, height));
    input = sharp(svg(name), { density });
  } else if (job.kind === 'avatar') {
    input = sharp(Buffer.from(avatars[Number(name)].svg), { density: 144 });
  } else {
    input = sharp(join(root, 'assets', name));
  }
  return input
    .ensureAlpha()
    .resize(job.size, job.size, { fit: 'contain', background: clear })
    .toColourspace('srgb')
    .raw()
    .toBuffer();
}

const failed = [];
const out = openSync(outFile, 'w');
const bytes = job.size * job.size * 4;
const batch = 16;
for (let i = 0; i < job.names.length; i += batch) {
  const part = await Promise.all(
    job.names.slice(i, i + batch).map((name) =>
      draw(name).catch(() => {
        failed.push(name);
        return Buffer.alloc(bytes);
      }),
    ),
  );
  for (const buffer of part) {
    if (buffer.length !== bytes) throw new Error(`unexpected picture of ${buffer.length} bytes`);
    writeSync(out, buffer);
  }
}
closeSync(out);
console.log(JSON.stringify({ failed }));
