// Just enough PNG to know that a file is one: the checksums of its chunks, its size, and that its pixels unpack to
// exactly what the header promises. Returns the raw scan lines, so that two pictures can be compared whatever the
// text chunks beside them say.
import * as zlib from "node:zlib";

const { crc32, deflateSync, inflateSync } = zlib;

const SIGNATURE = "89504e470d0a1a0a";
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

export function readPNG(bytes) {
  const data = Buffer.from(bytes);
  if (data.subarray(0, 8).toString("hex") !== SIGNATURE) throw new Error("not a PNG: wrong signature");
  let at = 8;
  let header;
  const packed = [];
  const texts = [];
  for (;;) {
    const length = data.readUInt32BE(at);
    const type = data.toString("latin1", at + 4, at + 8);
    const body = data.subarray(at + 8, at + 8 + length);
    if (crc32 && crc32(data.subarray(at + 4, at + 8 + length)) !== data.readUInt32BE(at + 8 + length)) {
      throw new Error(`PNG chunk ${type}: wrong checksum`);
    }
    if (type === "IHDR") header = { width: body.readUInt32BE(0), height: body.readUInt32BE(4), depth: body[8], colour: body[9] };
    if (type === "IDAT") packed.push(body);
    if (type === "iTXt" || type === "tEXt") texts.push(body.toString("utf8"));
    if (type === "IEND") break;
    at += 12 + length;
  }
  const pixels = inflateSync(Buffer.concat(packed));
  const line = 1 + Math.ceil((header.width * header.depth * CHANNELS[header.colour]) / 8);
  if (pixels.length !== line * header.height) {
    throw new Error(`PNG of ${header.width} × ${header.height}: ${pixels.length} bytes of pixels, want ${line * header.height}`);
  }
  return { ...header, alpha: header.colour === 4 || header.colour === 6, pixels, texts };
}

// colourAt undoes the row filters (PNG specification §9) and returns a function that gives red, green, blue and alpha.
export function colourAt({ width, height, depth, colour, pixels }) {
  if (depth !== 8 || (colour !== 2 && colour !== 6)) throw new Error(`PNG of depth ${depth} and colour type ${colour}`);
  const n = CHANNELS[colour];
  const line = width * n;
  const rows = Buffer.alloc(line * height);
  const paeth = (a, b, c) => {
    const [da, db, dc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
    return da <= db && da <= dc ? a : db <= dc ? b : c;
  };
  for (let y = 0; y < height; y++) {
    const filter = pixels[y * (line + 1)];
    for (let x = 0; x < line; x++) {
      const left = x >= n ? rows[y * line + x - n] : 0;
      const up = y > 0 ? rows[(y - 1) * line + x] : 0;
      const corner = x >= n && y > 0 ? rows[(y - 1) * line + x - n] : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      rows[y * line + x] = pixels[y * (line + 1) + 1 + x] + guess;
    }
  }
  return (x, y) => {
    const at = y * line + x * n;
    return [rows[at], rows[at + 1], rows[at + 2], n === 4 ? rows[at + 3] : 255];
  };
}

// writePNG makes an opaque PNG from a function that gives red, green and blue.
export function writePNG(width, height, colour) {
  const raw = Buffer.alloc((1 + width * 3) * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) raw.set(colour(x, y), y * (1 + width * 3) + 1 + x * 3);
  const chunk = (type, body) => {
    const out = Buffer.alloc(12 + body.length);
    out.writeUInt32BE(body.length, 0);
    out.write(type, 4, "latin1");
    body.copy(out, 8);
    out.writeUInt32BE(checksum(out.subarray(4, 8 + body.length)), 8 + body.length);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from(SIGNATURE, "hex"), chunk("IHDR", header), chunk("IDAT", deflateSync(raw)), chunk("IEND", Buffer.alloc(0))]);
}

// checksum is CRC-32, which zlib has only in newer versions of Node.
function checksum(bytes) {
  let c = ~0;
  for (const b of bytes) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1));
  }
  return ~c >>> 0;
}
