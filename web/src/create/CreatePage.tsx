import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Gallery } from '../gallery/Gallery';
import { OwnLine } from '../line/OwnLine';
import { usePageTitle } from '../shell/title';
import { Composer } from './Composer';
import classes from './create.module.css';
import { useComposer } from './useComposer';

// Only who has no pictures yet needs their drawings.
const Starters = lazy(() => import('./Starters').then((m) => ({ default: m.Starters })));

/** The prompt bar and, newest first, what came of it. */
export function CreatePage() {
  const { t } = useTranslation();
  const composer = useComposer();
  usePageTitle(t('shell.create'));
  return (
    <div className={classes.page}>
      <h1 className={classes.hidden}>{t('create.title')}</h1>
      <Composer composer={composer} />
      <OwnLine />
      <Gallery
        empty={
          <Suspense>
            <Starters composer={composer} />
          </Suspense>
        }
      />
    </div>
  );
}
