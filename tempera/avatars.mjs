// Draws avatars of one DiceBear design and says in words what each shows.
//
//   node avatars.mjs '{"modules": dir, "design": "lorelei", "count": 220}' OUT.json
//
// OUT: [{"label": "smiling avatar with long brown hair and glasses", "family": "long hair", "tags": [...], "svg": "..."}].
// The words come from the names of the parts that the generator chose, never from looking at the picture.
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [jobText, outFile] = process.argv.slice(2);
const job = JSON.parse(jobText);
const resolve = createRequire(join(job.modules, 'package.json')).resolve;
const { createAvatar } = await import(pathToFileURL(resolve('@dicebear/core')));
const designs = await import(pathToFileURL(resolve('@dicebear/collection')));

// First match wins. What no name tells is short hair.
const HAIR = [
  [/^variant/i, 'hair'], [/hijab/i, 'hijab'], [/turban/i, 'turban'], [/hat|beanie|^cap$/i, 'hat'], [/mohawk|mrT/i, 'mohawk'],
  [/bald|noHair|mrClean|shaved|buzz/i, 'bald head'], [/bun/i, 'hair bun'], [/afro|curl/i, 'curly hair'],
  [/braid|pigtail|dread|cornrow|twist/i, 'braids'], [/long|wavy|straight|bob|bangs|full|medium/i, 'long hair'],
];
const MOODS = [
  [/sad|frown|concern|tear/i, 'sad'], [/angry|rage/i, 'angry'], [/surpris|awe|agape/i, 'surprised'],
  [/smile|laugh|happy|lol|cheery|grin|cute/i, 'smiling'],
];
const TONES = {
  black: [30, 28, 30], brown: [105, 65, 40], blond: [225, 185, 110], red: [190, 70, 40], grey: [165, 165, 168],
  blue: [70, 110, 220], pink: [240, 140, 180], green: [60, 170, 110], purple: [140, 100, 220], white: [240, 240, 240],
};

/** The nearest colour word of "#rrggbb". */
function tone(hex) {
  const rgb = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
  const far = (c) => c.reduce((sum, v, i) => sum + (v - rgb[i]) ** 2, 0);
  return Object.keys(TONES).reduce((a, b) => (far(TONES[b]) < far(TONES[a]) ? b : a));
}

const first = (table, text) => table.find(([pattern]) => pattern.test(text))?.[1];

/** What the chosen parts say. */
function describe(parts) {
  const hairText = [parts.head, parts.hair, parts.rearHair].filter(Boolean).join(' ');
  const hair = parts.hair === undefined && parts.head === undefined && !parts.rearHair ? 'bald head' : first(HAIR, hairText) ?? 'short hair';
  const colour = typeof parts.hairColor === 'string' && hair.includes('hair') ? `${tone(parts.hairColor)} ` : '';
  const extras = [];
  if ([parts.facialHair, parts.beard].some(Boolean)) extras.push('beard');
  const worn = [parts.accessories, parts.glasses, parts.eyes].filter(Boolean).join(' ');
  if (/sunglasses|shades/i.test(worn)) extras.push('sunglasses');
  else if (/glasses|variant|round|square/i.test(parts.glasses ?? '') || /glasses/i.test(worn)) extras.push('glasses');
  const mood = first(MOODS, [parts.mouth, parts.face].filter(Boolean).join(' '));
  const worded = [`${colour}${hair}`, ...extras];
  const special = ['hijab', 'turban', 'hat', 'mohawk', 'bald head', 'hair bun', 'braids'].includes(hair);
  return {
    label: `${mood ? `${mood} ` : ''}avatar with ${worded.join(' and ')}`,
    family: special ? hair : (extras[0] ?? hair),
    tags: ['portrait', 'profile picture', 'person', ...(mood ? [`${mood} person`] : []), ...worded],
  };
}

const out = [];
for (let k = 0; k < job.count; k++) {
  const avatar = createAvatar(designs[job.design], { seed: `tempera-${k}`, facialHairProbability: 20, beardProbability: 20, glassesProbability: 25 });
  out.push({ ...describe(avatar.toJson().extra), svg: avatar.toString() });
}
writeFileSync(outFile, JSON.stringify(out));
