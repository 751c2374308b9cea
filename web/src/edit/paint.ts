// Marks on a canvas: hatched where something is to be painted, nothing elsewhere. And the way out: white on black.
import type { Mark } from './marks';
import { rectangle } from './marks';

/** The ink: dark and light stripes, so that marks are seen on every picture. Opaque: the mask is where there is ink. */
function ink(ctx: CanvasRenderingContext2D): CanvasPattern | string {
  const step = Math.max(4, Math.round(Math.max(ctx.canvas.width, ctx.canvas.height) / 90));
  const tile = document.createElement('canvas');
  tile.width = 2 * step;
  tile.height = 2 * step;
  const t = tile.getContext('2d');
  if (!t) return '#c4421f';
  t.fillStyle = '#c4421f';
  t.fillRect(0, 0, tile.width, tile.height);
  t.fillStyle = '#ffd9cb';
  for (let y = 0; y < tile.height; y++) {
    const x = (tile.height - y) % tile.width;
    t.fillRect(x, y, step * 0.6, 1);
    t.fillRect(x - tile.width, y, step * 0.6, 1);
  }
  return ctx.createPattern(tile, 'repeat') ?? '#c4421f';
}

export function drawMark(ctx: CanvasRenderingContext2D, mark: Mark): void {
  const { width, height } = ctx.canvas;
  ctx.fillStyle = ink(ctx);
  ctx.strokeStyle = ctx.fillStyle;
  ctx.globalCompositeOperation = mark.kind === 'eraser' ? 'destination-out' : 'source-over';
  if (mark.kind === 'clear') ctx.clearRect(0, 0, width, height);
  else if (mark.kind === 'invert') {
    ctx.globalCompositeOperation = 'source-out';
    ctx.fillRect(0, 0, width, height);
  } else if (mark.kind === 'rectangle') {
    const r = rectangle(mark.from, mark.to, width, height);
    ctx.fillRect(r.x, r.y, r.width, r.height);
  } else drawStroke(ctx, mark.size, mark.points);
  ctx.globalCompositeOperation = 'source-over';
}

function drawStroke(ctx: CanvasRenderingContext2D, size: number, points: { x: number; y: number }[]) {
  const [first, ...rest] = points;
  if (!first) return;
  ctx.lineWidth = size;
  ctx.lineCap = 'round';
  ctx.lineJoin = 'round';
  ctx.beginPath();
  ctx.moveTo(first.x, first.y);
  // A line to the same place makes the dot of a single touch.
  for (const p of rest.length > 0 ? rest : [first]) ctx.lineTo(p.x, p.y);
  ctx.stroke();
}

/** Draws everything anew, over the mask that was there before. */
export function replay(ctx: CanvasRenderingContext2D, before: CanvasImageSource | null, marks: Mark[]): void {
  ctx.clearRect(0, 0, ctx.canvas.width, ctx.canvas.height);
  if (before) ctx.drawImage(before, 0, 0);
  for (const mark of marks) drawMark(ctx, mark);
}

function sheet(width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const ctx = canvas.getContext('2d', { willReadFrequently: true });
  if (!ctx) throw new Error('this browser cannot draw');
  return [canvas, ctx];
}

const png = (canvas: HTMLCanvasElement) =>
  new Promise<Blob>((resolve, reject) =>
    canvas.toBlob(
      (b) => (b ? resolve(b) : reject(new Error('the picture could not be written'))),
      'image/png',
    ),
  );

/** Whether anything is marked at all. */
export function isEmpty(canvas: HTMLCanvasElement): boolean {
  const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
  for (let i = 3; i < data.length; i += 4) if (data[i]) return false;
  return true;
}

/** The mask as the server reads it: white is painted, black is kept. */
export function maskFile(marked: HTMLCanvasElement): Promise<Blob> {
  const [canvas, ctx] = sheet(marked.width, marked.height);
  ctx.drawImage(marked, 0, 0);
  ctx.globalCompositeOperation = 'source-in';
  ctx.fillStyle = '#fff';
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.globalCompositeOperation = 'destination-over';
  ctx.fillStyle = '#000';
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  return png(canvas);
}

/** A mask that was saved, as ink again. */
export function inkOf(mask: HTMLImageElement, width: number, height: number): HTMLCanvasElement {
  const [canvas, ctx] = sheet(width, height);
  ctx.drawImage(mask, 0, 0, width, height);
  const pixels = ctx.getImageData(0, 0, width, height);
  for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i] ?? 0;
  ctx.putImageData(pixels, 0, 0);
  ctx.globalCompositeOperation = 'source-in';
  ctx.fillStyle = ink(ctx);
  ctx.fillRect(0, 0, width, height);
  return canvas;
}

/** The picture at a size, for one that is larger than a model repaints. */
export function scaledFile(image: HTMLImageElement, width: number, height: number): Promise<Blob> {
  const [canvas, ctx] = sheet(width, height);
  ctx.imageSmoothingQuality = 'high';
  ctx.drawImage(image, 0, 0, width, height);
  return png(canvas);
}

export function load(url: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error('the picture could not be loaded'));
    image.src = url;
  });
}
