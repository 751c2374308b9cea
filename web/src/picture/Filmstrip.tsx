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
          search={{ i: p.index > 0 ? p.index : undefined }}
          activeOptions={{ exact: true, explicitUndefined: true }}
          replace
          className={classes.frame}
          aria-label={t('picture.frame', { number: p.index + 1 })}
          data-on={p.index === current || undefined}
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
