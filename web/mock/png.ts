import { crc32, deflateSync } from 'node:zlib';

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE((crc32 as (b: Buffer) => number)(body), body.length + 4);
  return out;
}

/** A small true PNG: a sun over a slope, coloured by the seed, with a `parameters` text chunk. */
export function drawPng(width: number, height: number, seed: number, parameters: string): Buffer {
  const rows = Buffer.alloc((width * 4 + 1) * height);
  const r = (seed * 97) % 256;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const o = y * (width * 4 + 1) + 1 + x * 4;
      const sun = Math.hypot(x / width - 0.5, y / height - 0.4) < 0.2;
      rows[o] = sun ? 240 : r;
      rows[o + 1] = sun ? 120 : Math.round((y / height) * 200);
      rows[o + 2] = sun ? 60 : Math.round((x / width) * 200);
      rows[o + 3] = 255;
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', head),
    chunk('tEXt', Buffer.from(`parameters\0${parameters}`, 'latin1')),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
