// Just enough PNG to know that a file is one: the checksums of its chunks, its size, and that its pixels unpack to
// exactly what the header promises. Returns the raw scan lines, so that two pictures can be compared whatever the
// text chunks beside them say.
import { inflateSync, crc32 } from "node:zlib";

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
