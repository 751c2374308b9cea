// Reading a downloaded PNG: its pixels and its text chunks.
import { inflateSync } from 'node:zlib';
import { PNG } from 'pngjs';

/** All tEXt, zTXt and iTXt chunks by keyword. */
export function texts(bytes) {
  const found = {};
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const data = bytes.subarray(at + 8, at + 8 + length);
    const end = data.indexOf(0);
    if (end > 0) {
      const key = data.toString('latin1', 0, end);
      if (type === 'tEXt') found[key] = data.toString('latin1', end + 1);
      if (type === 'zTXt') found[key] = inflateSync(data.subarray(end + 2)).toString('latin1');
      if (type === 'iTXt') {
        const language = data.indexOf(0, end + 3);
        const start = data.indexOf(0, language + 1) + 1;
        const body = data.subarray(start);
        found[key] = (data[end + 1] === 1 ? inflateSync(body) : body).toString('utf8');
      }
    }
    at += 12 + length;
  }
  return found;
}

/** Size, how many different colours there are (up to a few thousand), and whether anything is transparent. */
export function look(bytes) {
  const { width, height, data } = PNG.sync.read(bytes);
  const colours = new Set();
  let clear = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (colours.size < 4096) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    if (data[i + 3] < 255) clear += 1;
  }
  return { width, height, colours: colours.size, clear: clear / (width * height) };
}
