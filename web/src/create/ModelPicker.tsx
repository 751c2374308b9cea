import { useTranslation } from 'react-i18next';
import type { Model } from '../api/types';
import classes from './create.module.css';

interface Props {
  models: Model[];
  value: string;
  onChange: (name: string) => void;
}

export function ModelPicker({ models, value, onChange }: Props) {
  const { t } = useTranslation();
  return (
    <div role="radiogroup" aria-label={t('create.model')} className={classes.models}>
      {models.map((m) => (
        <label key={m.id} className={classes.model} data-on={m.name === value || undefined}>
          <input
            type="radio"
            name="model"
            value={m.name}
            checked={m.name === value}
            onChange={() => onChange(m.name)}
            className={classes.hidden}
          />
          <span className={classes.modelHead}>
            <strong>{m.title}</strong>
            <span className="soft">{m.version}</span>
            {m.preview && <span className={classes.badge}>{t('create.preview_model')}</span>}
          </span>
          <span className="soft">{m.description}</span>
          {m.preview && <span className={classes.hint}>{t('create.preview_explained')}</span>}
        </label>
      ))}
    </div>
  );
}
