import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { Model } from '../api/types';
import classes from './create.module.css';
import { type Draft, qualityOf } from './draft';

interface Props {
  draft: Draft;
  model: Model;
  fullWidth?: boolean;
  onChange: (change: Partial<Draft>) => void;
}

const order = ['draft', 'standard', 'best'];

/** How much work goes into a picture, in three words. Steps set by hand choose none of them. */
export function QualityPicker({ draft, model, fullWidth, onChange }: Props) {
  const { t } = useTranslation();
  const name = useId();
  if (model.qualities.length < 2) return null;
  const place = (id: string) => (order.includes(id) ? order.indexOf(id) : order.length);
  const sorted = [...model.qualities].sort((a, b) => place(a.id) - place(b.id));
  const chosen = qualityOf(draft, model)?.id;
  return (
    <div
      role="radiogroup"
      aria-label={t('create.quality')}
      className={classes.segments}
      data-full={fullWidth || undefined}
      data-testid="quality"
    >
      {sorted.map((q) => (
        <label key={q.id} data-on={q.id === chosen || undefined}>
          <input
            type="radio"
            name={name}
            value={q.id}
            checked={q.id === chosen}
            onChange={() => onChange({ quality: q.id, steps: null })}
            className={classes.hidden}
          />
          {q.title}
        </label>
      ))}
    </div>
  );
}
