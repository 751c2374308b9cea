import type { Style } from '../api/types';
import classes from './create.module.css';
import { StyleArt } from './StyleArt';

interface Props {
  label: string;
  styles: Style[];
  value: string;
  onChange: (id: string) => void;
}

/** Styles to be seen, not read: one drawing each. A group of radio buttons underneath, so arrows and labels work. */
export function StylePicker({ label, styles, value, onChange }: Props) {
  return (
    <div role="radiogroup" aria-label={label} className={classes.styles}>
      {styles.map((s) => (
        <label key={s.id} className={classes.style} data-on={s.id === value || undefined}>
          <input
            type="radio"
            name="style"
            value={s.id}
            checked={s.id === value}
            onChange={() => onChange(s.id)}
            className={classes.hidden}
          />
          <StyleArt style={s.id} title={s.title} size={76} />
          <span>{s.title}</span>
        </label>
      ))}
    </div>
  );
}
