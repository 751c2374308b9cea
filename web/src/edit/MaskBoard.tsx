import { type KeyboardEvent, type PointerEvent, type RefObject, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './edit.module.css';
import type { Mark, Point, Tool } from './marks';
import { drawMark, replay } from './paint';

interface Props {
  /** Holds the marks at the size of the picture; the page reads the mask from it. */
  canvas: RefObject<HTMLCanvasElement | null>;
  url: string;
  alpha: boolean;
  width: number;
  height: number;
  /** A mask that was saved before, as ink. */
  before: CanvasImageSource | null;
  marks: Mark[];
  tool: Tool;
  size: number;
  onMark: (mark: Mark) => void;
}

/** The picture with the marks over it. Drawn on with a pointer, a finger, or the arrow keys and the space bar. */
export function MaskBoard({ canvas, url, alpha, width, height, before, marks, tool, size, onMark }: Props) {
  const { t } = useTranslation();
  const [cursor, setCursor] = useState<Point | null>(null);
  const [pressed, setPressed] = useState<Point | null>(null);
  const stroke = useRef<Point[]>([]);
  const drawn = useRef<Mark[]>([]);

  // One more mark is drawn on top; anything else is drawn anew.
  useEffect(() => {
    const ctx = canvas.current?.getContext('2d', { willReadFrequently: true });
    if (!ctx) return;
    const last = marks.at(-1);
    const more = marks.length === drawn.current.length + 1 && drawn.current.every((m, i) => m === marks[i]);
    if (more && last) drawMark(ctx, last);
    else replay(ctx, before, marks);
    drawn.current = marks;
  }, [marks, before, canvas]);

  const at = (e: PointerEvent): Point => {
    const r = e.currentTarget.getBoundingClientRect();
    return {
      x: ((e.clientX - r.left) / r.width) * width,
      y: ((e.clientY - r.top) / r.height) * height,
    };
  };
  const ctx = () => canvas.current?.getContext('2d', { willReadFrequently: true });

  const begin = (p: Point) => {
    setPressed(p);
    stroke.current = [p];
    const c = ctx();
    if (tool !== 'rectangle' && c) drawMark(c, { kind: tool, size, points: [p] });
  };
  const follow = (p: Point) => {
    setCursor(p);
    const last = stroke.current.at(-1);
    if (!pressed || !last) return;
    stroke.current.push(p);
    const c = ctx();
    if (tool !== 'rectangle' && c) drawMark(c, { kind: tool, size, points: [last, p] });
  };
  const end = () => {
    const from = pressed;
    const to = stroke.current.at(-1);
    setPressed(null);
    if (!from || !to) return;
    if (tool !== 'rectangle') return onMark({ kind: tool, size, points: stroke.current });
    if (Math.abs(from.x - to.x) >= 1 && Math.abs(from.y - to.y) >= 1) onMark({ kind: 'rectangle', from, to });
  };

  const keys = (e: KeyboardEvent) => {
    const here = cursor ?? { x: width / 2, y: height / 2 };
    const far = Math.max(1, Math.round((e.shiftKey ? 0.1 : 0.02) * Math.max(width, height)));
    const by = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }[e.key];
    if (by) {
      e.preventDefault();
      const clamp = (v: number, most: number) => Math.min(most, Math.max(0, v));
      follow({ x: clamp(here.x + (by[0] ?? 0), width), y: clamp(here.y + (by[1] ?? 0), height) });
    }
    if (e.key === ' ' || e.key === 'Enter') {
      e.preventDefault();
      setCursor(here);
      if (pressed) end();
      else begin(here);
    }
  };

  const box = tool === 'rectangle' && pressed && cursor;
  const percent = (v: number, of: number) => `${(v / of) * 100}%`;
  return (
    <div
      className={classes.board}
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is drawn on with the keyboard too
      tabIndex={0}
      aria-label={t('edit.board')}
      aria-description={t('edit.board_keys')}
      style={filling(width, height)}
      data-tool={tool}
      data-testid="board"
      onKeyDown={keys}
      onPointerDown={(e) => {
        e.currentTarget.setPointerCapture(e.pointerId);
        const p = at(e);
        setCursor(p);
        begin(p);
      }}
      onPointerMove={(e) => follow(at(e))}
      onPointerUp={end}
      onPointerCancel={end}
      onPointerLeave={() => !pressed && setCursor(null)}
    >
      <img src={url} alt="" className={alpha ? 'checker' : undefined} draggable={false} />
      <canvas ref={canvas} width={width} height={height} />
      {box && (
        <span
          className={classes.box}
          style={{
            left: percent(Math.min(pressed.x, cursor.x), width),
            top: percent(Math.min(pressed.y, cursor.y), height),
            width: percent(Math.abs(pressed.x - cursor.x), width),
            height: percent(Math.abs(pressed.y - cursor.y), height),
          }}
        />
      )}
      {cursor && (
        <span
          className={classes.cursor}
          data-pressed={pressed ? true : undefined}
          style={{
            left: percent(cursor.x, width),
            top: percent(cursor.y, height),
            width: tool === 'rectangle' ? undefined : percent(size, width),
            aspectRatio: 1,
          }}
        />
      )}
    </div>
  );
}

/** As large as its place allows, in the picture's shape. */
export const filling = (width: number, height: number) => ({
  aspectRatio: `${width} / ${height}`,
  maxWidth: `min(100%, calc(var(--tall) * ${width / height}))`,
});
