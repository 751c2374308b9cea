// Where the tiles of a group stand. Deterministic, so that heights are known before anything is drawn and scrolling
// back lands where one was.

export interface GroupLayout {
  columns: number;
  tileWidth: number;
  tileHeight: number;
  /** Everything the group takes, its gap below included. */
  height: number;
}

export const GAP = 10;
export const BELOW = 36;
export const SIDE = 264;
const SIDE_GAP = 24;
const SIDE_MIN = 172;
const HEAD = 74;

/** At this width the words stand beside the tiles, below it above them. */
export const WIDE = 860;

export const isWide = (width: number) => width >= WIDE;

/** Lays out `count` tiles of one shape in `width` pixels. */
export function layoutGroup(width: number, count: number, aspect: number): GroupLayout {
  const wide = isWide(width);
  const room = wide ? width - SIDE - SIDE_GAP : width;
  const target = wide ? 262 : 170;
  const tallest = wide ? 372 : 440;
  const fitting = Math.max(1, Math.round((room + GAP) / (target * Math.min(aspect, 1.8) + GAP)));
  const most = Math.min(count, Math.max(wide ? 2 : aspect > 2.2 ? 1 : 2, fitting));
  const columns = Math.ceil(count / Math.ceil(count / most)); // no lonely tile in the last row if it can be helped
  const tileWidth = Math.floor(Math.min((room - GAP * (columns - 1)) / columns, tallest * aspect));
  const tileHeight = Math.round(tileWidth / aspect);
  const rows = Math.ceil(count / columns);
  const tiles = rows * tileHeight + (rows - 1) * GAP;
  return {
    columns,
    tileWidth,
    tileHeight,
    height: (wide ? Math.max(tiles, SIDE_MIN) : tiles + HEAD) + BELOW,
  };
}

export interface Spot {
  group: number;
  tile: number;
}

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

/** Where an arrow leads from a tile; over the edge of a group into the next. Null at the ends. */
export function moveSpot(counts: number[], columns: number[], at: Spot, key: Arrow): Spot | null {
  const count = counts[at.group] ?? 0;
  const cols = columns[at.group] ?? 1;
  if (key === 'ArrowRight' || key === 'ArrowLeft') {
    const tile = at.tile + (key === 'ArrowRight' ? 1 : -1);
    if (tile >= 0 && tile < count) return { group: at.group, tile };
    const group = at.group + (key === 'ArrowRight' ? 1 : -1);
    const size = counts[group];
    return size ? { group, tile: key === 'ArrowRight' ? 0 : size - 1 } : null;
  }
  const column = at.tile % cols;
  const row = Math.floor(at.tile / cols);
  const lastRow = Math.floor((count - 1) / cols);
  if (key === 'ArrowDown') {
    if (row < lastRow) return { group: at.group, tile: Math.min(at.tile + cols, count - 1) };
    const size = counts[at.group + 1];
    const width = columns[at.group + 1] ?? 1;
    return size ? { group: at.group + 1, tile: Math.min(column, Math.min(width, size) - 1) } : null;
  }
  if (row > 0) return { group: at.group, tile: at.tile - cols };
  const size = counts[at.group - 1];
  const width = columns[at.group - 1] ?? 1;
  if (!size) return null;
  const start = Math.floor((size - 1) / width) * width;
  return { group: at.group - 1, tile: Math.min(start + column, size - 1) };
}
