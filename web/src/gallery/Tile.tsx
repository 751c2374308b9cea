import { Button } from '@mantine/core';
import { IconAlertTriangle, IconBan, IconX } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { type Generations, isLocal } from '../api/patch';
import { queries, useProgress } from '../api/queries';
import type { Generation, Picture } from '../api/types';
import { tokens } from '../format/amount';
import { useTokens } from '../format/useTokens';
import classes from './gallery.module.css';
import { tileProgress } from './progress';
import type { GroupActions } from './useGroupActions';

const Waiting = lazy(() => import('../line/Waiting').then((m) => ({ default: m.Waiting })));

interface Props {
  g: Generation;
  index: number;
  height: number;
  tabbable: boolean;
  onFocus: () => void;
  actions: GroupActions;
}

/** One picture, or the place where it will be. It has its final shape from the first moment. */
export function Tile(props: Props) {
  const { g, index, height } = props;
  const picture = g.images?.find((p) => p.index === index);
  const common = {
    className: classes.tile,
    style: { height },
    'data-tile': `${g.id}:${index}`,
    tabIndex: props.tabbable ? 0 : -1,
    onFocus: props.onFocus,
  };
  if (picture) return <Done {...props} picture={picture} common={common} />;
  if (g.state === 'failed' || g.state === 'cancelled') return <Lost {...props} common={common} />;
  return <Coming {...props} common={common} />;
}

type Common = {
  className: string | undefined;
  style: { height: number };
  'data-tile': string;
  tabIndex: number;
  onFocus: () => void;
};

function Done({ g, index, picture, height, common }: Props & { picture: Picture; common: Common }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [shown, setShown] = useState(false);
  const asked = useRef(false);
  // Addresses are signed and run out after hours: ask once for new ones before giving up.
  const renew = async () => {
    if (asked.current) return;
    asked.current = true;
    const fresh = await api.generation(g.id).catch(() => null);
    if (fresh)
      client.setQueryData<Generations>(
        queries.generations().queryKey,
        (data) =>
          data && {
            ...data,
            pages: data.pages.map((p) => ({
              ...p,
              items: p.items.map((x) => (x.id === fresh.id ? fresh : x)),
            })),
          },
      );
  };
  return (
    <Link
      {...common}
      to="/g/$id"
      params={{ id: g.id }}
      search={index > 0 ? { i: index } : {}}
      aria-label={t('gallery.open', { number: index + 1, count: g.count, prompt: g.prompt })}
      data-testid="tile"
    >
      <img
        src={height > 270 ? picture.preview_url : picture.preview_url || picture.thumb_url}
        alt=""
        className={picture.has_alpha ? `${classes.art} checker` : classes.art}
        style={picture.has_alpha || shown ? undefined : { backgroundImage: `url("${picture.placeholder}")` }}
        data-shown={shown || undefined}
        loading="lazy"
        decoding="async"
        draggable={false}
        onLoad={() => setShown(true)}
        onError={renew}
      />
    </Link>
  );
}

function Lost({ g, index, actions, common }: Props & { common: Common }) {
  const { t } = useTranslation();
  const worded = useTokens();
  const cancelled = g.state === 'cancelled';
  const Icon = cancelled ? IconBan : IconAlertTriangle;
  // The reason stands once, in the first tile; the others are quiet.
  if (index > 0)
    return (
      <div {...common} className={`${classes.tile} ${classes.lost}`} data-quiet aria-hidden tabIndex={-1} />
    );
  return (
    <div
      {...common}
      className={`${classes.tile} ${classes.lost}`}
      role="group"
      aria-label={cancelled ? t('gallery.cancelled') : t('gallery.failed')}
      data-testid="lost"
    >
      <Icon size={22} stroke={1.7} aria-hidden />
      <strong>{cancelled ? t('gallery.cancelled') : t('gallery.failed')}</strong>
      {g.failure && <span>{g.failure.message}</span>}
      <span>
        {g.charged_mt > 0
          ? t('gallery.charged_part', { price: worded(g.charged_mt) })
          : t('gallery.nothing_charged')}
      </span>
      <div className={classes.lostActs}>
        <Button size="compact-sm" variant="default" onClick={() => actions.retry(g)}>
          {t('gallery.retry', { price: tokens(g.price_mt) })}
        </Button>
        <Button size="compact-sm" variant="subtle" onClick={() => actions.edit(g)}>
          {t('gallery.edit')}
        </Button>
      </div>
    </div>
  );
}

function Coming({ g, index, actions, common }: Props & { common: Common }) {
  const { t } = useTranslation();
  const progress = useProgress(g.id);
  const now = tileProgress(g, index, progress);
  const text = stageText();
  return (
    <div
      {...common}
      className={`${classes.tile} ${classes.coming}`}
      data-testid="coming"
      data-stage={now.stage}
    >
      {now.preview && (
        <img src={now.preview} alt="" className={g.transparent ? `${classes.step} checker` : classes.step} />
      )}
      {index === 0 && g.state === 'waiting' && !isLocal(g) && (
        <Suspense>
          <Waiting g={g} className={classes.stage} />
        </Suspense>
      )}
      {text && (
        <span className={classes.stage} data-on-art={now.preview ? true : undefined}>
          {text}
        </span>
      )}
      {now.stage === 'drawing' && (
        <div
          className={classes.progress}
          role="progressbar"
          aria-label={t('gallery.progress', { number: index + 1 })}
          aria-valuenow={Math.floor(now.fraction * 100)}
        >
          <div style={{ transform: `scaleX(${now.fraction})` }} />
        </div>
      )}
      {index === 0 && !isLocal(g) && (
        <button type="button" className={`unset ${classes.cancel}`} onClick={() => actions.cancel(g)}>
          <IconX size={15} stroke={2} aria-hidden />
          {t('gallery.cancel')}
        </button>
      )}
    </div>
  );

  /** Said once a batch while it waits; a picture that is painted speaks for itself. */
  function stageText(): string | null {
    if (now.stage === 'drawing') return `${Math.floor(now.fraction * 100)} %`;
    if (index > 0 || now.stage === 'finishing') return null;
    if (now.stage === 'sending') return t('gallery.sending');
    return g.state === 'waiting' ? null : t('gallery.starting');
  }
}
