import { Skeleton } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconArrowLeft } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import { flatten, isFinal } from '../api/patch';
import { queries } from '../api/queries';
import type { Generation } from '../api/types';
import { useHidden } from '../gallery/deletion';
import { usePageTitle } from '../shell/title';
import { Actions } from './Actions';
import { Filmstrip } from './Filmstrip';
import { neighbour } from './neighbours';
import classes from './picture.module.css';
import { RecipePanel } from './RecipePanel';
import { Stage } from './Stage';
import { useReuse } from './useReuse';
import './words';

/** One picture, large, with how it was made and what to do next. */
export function PicturePage() {
  const { t } = useTranslation();
  const { id } = useParams({ from: '/studio/g/$id' });
  const { i = 0 } = useSearch({ from: '/studio/g/$id' });
  const navigate = useNavigate();
  const client = useQueryClient();
  const listed = flatten(useInfiniteQuery({ ...queries.generations(), enabled: false }).data);
  const hidden = useHidden();
  const inList = listed.find((x) => x.id === id);
  const query = useQuery({
    ...queries.generation(id),
    initialData: inList,
    initialDataUpdatedAt: inList && isFinal(inList) ? Date.now() : 0,
  });
  const g = query.data;
  const picture = g?.images?.find((p) => p.index === i) ?? g?.images?.[0];
  const reuse = useReuse(g, picture);
  usePageTitle(g?.prompt.slice(0, 60) || t('picture.title'));

  useEffect(() => {
    if (inList && g && inList !== g && isFinal(inList))
      client.setQueryData<Generation>(queries.generation(id).queryKey, inList);
  }, [inList, g, client, id]);

  const go = (direction: -1 | 1) => {
    const to = neighbour(
      listed.filter((x) => !hidden.has(x.id)),
      g,
      picture?.index ?? 0,
      direction,
    );
    if (to)
      void navigate({
        to: '/g/$id',
        params: { id: to.id },
        search: to.index > 0 ? { i: to.index } : {},
        replace: true,
      });
  };
  useHotkeys([
    ['ArrowLeft', () => go(-1)],
    ['ArrowRight', () => go(1)],
    ['P', () => reuse('prompt')],
    ['S', () => reuse('seed')],
    ['A', () => reuse('all')],
    ['Escape', () => !document.querySelector('[role="dialog"], [role="menu"]') && void navigate({ to: '/' })],
  ]);

  if (query.isPending) return <Waiting />;
  if (!g) return <Gone error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <div className={classes.page}>
      <div className={classes.left}>
        <Back />
        <Stage g={g} picture={picture} onMove={go} onStale={() => void query.refetch()} />
        {(g.images?.length ?? 0) > 1 && <Filmstrip g={g} current={picture?.index ?? 0} />}
      </div>
      <aside className={classes.panel} aria-label={t('picture.recipe')}>
        <h1 className={classes.prompt}>{g.prompt || t('gallery.wordless')}</h1>
        <Actions g={g} picture={picture} />
        <RecipePanel g={g} picture={picture} onReuse={reuse} />
      </aside>
    </div>
  );
}

function Back() {
  const { t } = useTranslation();
  return (
    <Link to="/" className={classes.back}>
      <IconArrowLeft size={18} stroke={1.8} aria-hidden />
      {t('picture.back')}
    </Link>
  );
}

function Waiting() {
  const { t } = useTranslation();
  return (
    <div className={classes.page} role="status" aria-label={t('picture.loading')}>
      <div className={classes.left}>
        <Back />
        <Skeleton radius={18} className={classes.stageSkeleton} />
      </div>
      <div className={classes.panel}>
        <Skeleton height={24} mb={10} />
        <Skeleton height={24} width="60%" mb={24} />
        <Skeleton height={160} />
      </div>
    </div>
  );
}

function Gone({ error, onRetry }: { error: Error | null; onRetry: () => void }) {
  const { t } = useTranslation();
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <div className={classes.gone} role="alert">
      <h1>{t(missing ? 'picture.missing' : 'picture.failed_to_load')}</h1>
      <p className="soft">{missing ? t('picture.missing_text') : error?.message}</p>
      {!missing && (
        <button type="button" className="unset link" onClick={onRetry}>
          {t('common.retry')}
        </button>
      )}
      <Link to="/" className="link">
        {t('picture.back')}
      </Link>
    </div>
  );
}
