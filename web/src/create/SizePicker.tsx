import './words';
import { NumberInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Model, Range } from '../api/types';
import classes from './create.module.css';
import { checkSide, presetOf, presetSize, ratios, type Size } from './size';

interface Props {
  /** The start dictates the size: nothing to choose. */
  fixed: boolean;
  model: Model;
  size: Size;
  onChange: (size: Size) => void;
  widthError?: string;
  heightError?: string;
}

/** Shapes to choose from and exact sides for those who want them. */
export function SizePicker({ fixed, model, size, onChange, widthError, heightError }: Props) {
  const { t } = useTranslation();
  if (fixed)
    return (
      <p className={classes.hint}>
        {t('create.size_fixed', { width: size.width, height: size.height })} {widthError ?? heightError}
      </p>
    );
  const chosen = presetOf(size, model);
  return (
    <div>
      <div role="radiogroup" aria-label={t('create.shape')} className={classes.shapes}>
        {ratios.map((r) => {
          const p = presetSize(r, model);
          const longest = Math.max(r.w, r.h);
          return (
            <label key={r.label} className={classes.shape} data-on={r === chosen || undefined}>
              <input
                type="radio"
                name="shape"
                value={r.label}
                checked={r === chosen}
                onChange={() => onChange(p)}
                className={classes.hidden}
              />
              <span className={classes.shapeBox} aria-hidden>
                <span style={{ width: (26 * r.w) / longest, height: (26 * r.h) / longest }} />
              </span>
              <span>{r.label}</span>
              <small>
                {p.width}×{p.height}
              </small>
            </label>
          );
        })}
      </div>
      <div className={classes.sides}>
        <Side
          label={t('create.width')}
          range={model.width}
          value={size.width}
          refused={widthError}
          onChange={(width) => onChange({ ...size, width })}
        />
        <span aria-hidden>×</span>
        <Side
          label={t('create.height')}
          range={model.height}
          value={size.height}
          refused={heightError}
          onChange={(height) => onChange({ ...size, height })}
        />
      </div>
    </div>
  );
}

interface SideProps {
  label: string;
  range: Range;
  value: number;
  refused?: string;
  onChange: (value: number) => void;
}

function Side({ label, range, value, refused, onChange }: SideProps) {
  const { t } = useTranslation();
  const fault = checkSide(value, range);
  return (
    <NumberInput
      label={label}
      value={Number.isNaN(value) ? '' : value}
      onChange={(v) => onChange(typeof v === 'number' ? v : Number.NaN)}
      step={range.step}
      allowDecimal={false}
      allowNegative={false}
      suffix=" px"
      stepHoldDelay={400}
      stepHoldInterval={60}
      error={
        fault ? t(`create.side_${fault}`, { min: range.min, max: range.max, step: range.step }) : refused
      }
    />
  );
}
