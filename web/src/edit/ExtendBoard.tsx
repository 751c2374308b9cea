import '../create/words';
import { NumberInput } from '@mantine/core';
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Expansion, Range } from '../api/types';
import { ratios } from '../create/size';
import classes from './edit.module.css';
import { grown, most, type Side, sides, stretch, toRatio } from './extend';
import { filling } from './MaskBoard';

interface Props {
  url: string;
  alpha: boolean;
  width: number;
  height: number;
  range: Range;
  expand: Expansion;
  onChange: (expand: Expansion) => void;
}

/** The picture inside the larger one it will become; its edges are pulled out by hand or by key. */
export function ExtendBoard({ url, alpha, width, height, range, expand, onChange }: Props) {
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const [pull, setPull] = useState<{ side: Side; x: number; y: number; from: number; scale: number } | null>(
    null,
  );
  const picture = { width, height };
  const whole = grown(expand, picture);

  const down = (side: Side) => (e: PointerEvent<HTMLElement>) => {
    e.currentTarget.setPointerCapture(e.pointerId);
    const r = frame.current?.getBoundingClientRect();
    if (r)
      setPull({ side, x: e.clientX, y: e.clientY, from: expand[side] ?? 0, scale: whole.width / r.width });
  };
  const drag = (e: PointerEvent) => {
    if (!pull) return;
    const dx = (e.clientX - pull.x) * pull.scale;
    const dy = (e.clientY - pull.y) * pull.scale;
    const out = { left: -dx, right: dx, top: -dy, bottom: dy }[pull.side];
    onChange(stretch(expand, pull.side, pull.from + out, picture, range));
  };
  const keys = (side: Side) => (e: KeyboardEvent) => {
    const out = side === 'left' || side === 'top' ? -1 : 1;
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[e.key];
    if (!by) return;
    e.preventDefault();
    const step = e.shiftKey ? 64 : 8;
    onChange(stretch(expand, side, (expand[side] ?? 0) + by * out * step, picture, range));
  };
  const percent = (v: number, of: number) => `${(v / of) * 100}%`;
  return (
    <div ref={frame} className={classes.frame} style={filling(whole.width, whole.height)} data-testid="frame">
      <img
        src={url}
        alt=""
        className={alpha ? 'checker' : undefined}
        draggable={false}
        style={{
          left: percent(expand.left ?? 0, whole.width),
          top: percent(expand.top ?? 0, whole.height),
          width: percent(width, whole.width),
          height: percent(height, whole.height),
        }}
      />
      {sides.map((side) => (
        <span
          key={side}
          role="slider"
          tabIndex={0}
          className={classes.handle}
          data-side={side}
          aria-label={t(`edit.side_${side}`)}
          aria-orientation={side === 'left' || side === 'right' ? 'horizontal' : 'vertical'}
          aria-valuemin={0}
          aria-valuemax={most(side, expand, picture, range)}
          aria-valuenow={expand[side] ?? 0}
          aria-valuetext={t('edit.pixels', { count: expand[side] ?? 0 })}
          onPointerDown={down(side)}
          onPointerMove={drag}
          onPointerUp={() => setPull(null)}
          onPointerCancel={() => setPull(null)}
          onKeyDown={keys(side)}
        />
      ))}
    </div>
  );
}

export function ExtendSides({ width, height, range, expand, onChange }: Omit<Props, 'url' | 'alpha'>) {
  const { t } = useTranslation();
  const picture = { width, height };
  const whole = grown(expand, picture);
  return (
    <div className={classes.extend}>
      <div className={classes.shapes} role="group" aria-label={t('create.shape')}>
        {ratios.map((r) => (
          <button
            key={r.label}
            type="button"
            className={classes.shape}
            onClick={() => onChange(toRatio(r.w, r.h, picture, range))}
          >
            {r.label}
          </button>
        ))}
      </div>
      <div className={classes.sides}>
        {sides.map((side) => (
          <NumberInput
            key={side}
            size="sm"
            label={t(`edit.side_${side}`)}
            value={expand[side] ?? 0}
            min={0}
            max={most(side, expand, picture, range)}
            step={8}
            suffix=" px"
            allowDecimal={false}
            allowNegative={false}
            onChange={(v) => onChange(stretch(expand, side, Number(v), picture, range))}
          />
        ))}
      </div>
      <p className={classes.hint}>
        {t('edit.new_size', { from: `${width} × ${height}`, to: `${whole.width} × ${whole.height}` })}
      </p>
    </div>
  );
}
