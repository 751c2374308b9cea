import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Generation } from '../api/types';
import classes from './picture.module.css';

/** The batch the picture is from. */
export function Filmstrip({ g, current }: { g: Generation; current: number }) {
  const { t } = useTranslation();
  return (
    <nav className={classes.strip} aria-label={t('picture.batch')}>
      {(g.images ?? []).map((p) => (
        <Link
          key={p.id}
          to="/g/$id"
          params={{ id: g.id }}
          search={p.index > 0 ? { i: p.index } : {}}
          replace
          className={classes.frame}
          aria-label={t('picture.frame', { number: p.index + 1 })}
          aria-current={p.index === current ? 'true' : undefined}
        >
          <img
            src={p.thumb_url}
            alt=""
            className={p.has_alpha ? 'checker' : undefined}
            style={{ aspectRatio: `${p.width} / ${p.height}` }}
          />
        </Link>
      ))}
    </nav>
  );
}
