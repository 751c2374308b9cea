import './words';
import { ActionIcon, Button, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiError } from '../api/errors';
import type { Box } from '../api/types';
import { another, between, grow, MIN_SIDE, move, type Point } from './boxes';
import classes from './layout.module.css';

interface Props {
  boxes: Box[];
  most: number;
  /** Of the picture, for the shape of the paper. */
  width: number;
  height: number;
  refused: ApiError | null;
  onChange: (boxes: Box[]) => void;
}

/** Draw where things should be and say what: by hand on the paper, or by keyboard with arrows. */
export function LayoutBoxes({ boxes, most, width, height, refused, onChange }: Props) {
  const { t } = useTranslation();
  const paper = useRef<HTMLDivElement>(null);
  const [drawing, setDrawing] = useState<{ from: Point; to: Point } | null>(null);
  const [dragged, setDragged] = useState<{ index: number; last: Point } | null>(null);
  const full = boxes.length >= most;

  const at = (e: PointerEvent): Point => {
    const r = paper.current?.getBoundingClientRect();
    return r ? { x: (e.clientX - r.left) / r.width, y: (e.clientY - r.top) / r.height } : { x: 0, y: 0 };
  };
  const put = (i: number, box: Box) => onChange(boxes.map((b, n) => (n === i ? box : b)));
  const focusPhrase = (i: number) =>
    requestAnimationFrame(() => document.getElementById(`phrase-${i}`)?.focus());

  const down = (e: PointerEvent<HTMLDivElement>) => {
    e.currentTarget.setPointerCapture(e.pointerId);
    const index = Number((e.target as HTMLElement).closest<HTMLElement>('[data-box]')?.dataset.box ?? -1);
    if (index >= 0) setDragged({ index, last: at(e) });
    else if (!full) setDrawing({ from: at(e), to: at(e) });
  };
  const moveTo = (e: PointerEvent) => {
    if (drawing) setDrawing({ ...drawing, to: at(e) });
    const box = dragged && boxes[dragged.index];
    if (!dragged || !box) return;
    const now = at(e);
    put(dragged.index, move(box, now.x - dragged.last.x, now.y - dragged.last.y));
    setDragged({ ...dragged, last: now });
  };
  const up = () => {
    setDragged(null);
    if (!drawing) return;
    setDrawing(null);
    const far = Math.max(Math.abs(drawing.from.x - drawing.to.x), Math.abs(drawing.from.y - drawing.to.y));
    if (far < MIN_SIDE) return; // a tap is no box
    onChange([...boxes, { ...between(drawing.from, drawing.to), prompt: '' }]);
    focusPhrase(boxes.length);
  };
  const keys = (e: KeyboardEvent, i: number) => {
    const box = boxes[i];
    if (!box) return;
    const step = 0.02;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[
      e.key
    ];
    if (by) {
      e.preventDefault();
      put(
        i,
        e.shiftKey
          ? grow(box, by[0] as number, by[1] as number)
          : move(box, by[0] as number, by[1] as number),
      );
    }
    if (e.key === 'Delete' || e.key === 'Backspace') {
      e.preventDefault();
      onChange(boxes.filter((_, n) => n !== i));
    }
  };

  return (
    <div className={classes.layout}>
      <p className={classes.hint}>{t('layout.hint')}</p>
      <div
        ref={paper}
        className={classes.paper}
        style={{ aspectRatio: `${width} / ${height}`, maxWidth: `min(100%, ${(260 * width) / height}px)` }}
        onPointerDown={down}
        onPointerMove={moveTo}
        onPointerUp={up}
        onPointerCancel={up}
        data-full={full || undefined}
        data-testid="paper"
      >
        {boxes.map((b, i) => (
          <button
            // biome-ignore lint/suspicious/noArrayIndexKey: a box is its place in the list
            key={i}
            type="button"
            className={classes.box}
            style={place(b)}
            aria-label={t('layout.box', { number: i + 1, phrase: b.prompt || t('layout.unnamed') })}
            aria-description={t('layout.keys')}
            onKeyDown={(e) => keys(e, i)}
            data-box={i}
          >
            <b>{i + 1}</b> {b.prompt}
          </button>
        ))}
        {drawing && <div className={classes.box} style={place(between(drawing.from, drawing.to))} data-new />}
      </div>
      <ol className={classes.phrases}>
        {boxes.map((b, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a box is its place in the list
          <li key={i}>
            <b aria-hidden>{i + 1}</b>
            <TextInput
              id={`phrase-${i}`}
              aria-label={t('layout.phrase', { number: i + 1 })}
              placeholder={t('layout.phrase_hint')}
              maxLength={200}
              value={b.prompt}
              error={refused?.field(`boxes[${i}].prompt`)}
              onChange={(e) => put(i, { ...b, prompt: e.currentTarget.value })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={t('layout.remove', { number: i + 1 })}
              onClick={() => onChange(boxes.filter((_, n) => n !== i))}
            >
              <IconX size={16} stroke={2} aria-hidden />
            </ActionIcon>
          </li>
        ))}
      </ol>
      <Button
        variant="default"
        size="xs"
        disabled={full}
        leftSection={<IconPlus size={15} stroke={2} aria-hidden />}
        onClick={() => {
          onChange([...boxes, another(boxes)]);
          focusPhrase(boxes.length);
        }}
      >
        {full ? t('layout.full', { count: most }) : t('layout.add')}
      </Button>
    </div>
  );
}

const place = (b: Omit<Box, 'prompt'>) => ({
  left: `${b.x * 100}%`,
  top: `${b.y * 100}%`,
  width: `${b.width * 100}%`,
  height: `${b.height * 100}%`,
});
