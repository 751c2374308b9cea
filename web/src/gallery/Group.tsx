import { IconPencil, IconRefresh, IconTrash } from '@tabler/icons-react';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { isFinal, isLocal } from '../api/patch';
import { useModels } from '../api/queries';
import type { Generation } from '../api/types';
import { ago } from '../format/time';
import { useTokens } from '../format/useTokens';
import { Act } from './Act';
import classes from './gallery.module.css';
import { type GroupLayout, isWide } from './layout';
import { Tile } from './Tile';
import type { GroupActions } from './useGroupActions';

const InLine = lazy(() => import('./InLine').then((m) => ({ default: m.InLine })));

interface Props {
  g: Generation;
  layout: GroupLayout;
  width: number;
  focusTile: number | null;
  onFocusTile: (tile: number) => void;
  actions: GroupActions;
}

/** One prompt and its pictures. */
export function Group({ g, layout, width, focusTile, onFocusTile, actions }: Props) {
  const { t } = useTranslation();
  const wide = isWide(width);
  const words = <Words g={g} actions={actions} />;
  return (
    <article
      className={wide ? classes.wide : classes.narrow}
      aria-label={g.prompt || t('gallery.wordless')}
      data-testid="group"
      data-state={g.state}
      data-id={g.id}
    >
      {!wide && words}
      <div
        className={classes.tiles}
        style={{ gridTemplateColumns: `repeat(${layout.columns}, ${layout.tileWidth}px)` }}
      >
        {Array.from({ length: g.count }, (_, i) => (
          <Tile
            // biome-ignore lint/suspicious/noArrayIndexKey: a tile is its place in the batch
            key={i}
            g={g}
            index={i}
            height={layout.tileHeight}
            tabbable={focusTile === i}
            onFocus={() => onFocusTile(i)}
            actions={actions}
          />
        ))}
      </div>
      {wide && words}
    </article>
  );
}

function Words({ g, actions }: { g: Generation; actions: GroupActions }) {
  const { t } = useTranslation();
  const worded = useTokens();
  const models = useModels().data;
  const style =
    models?.find((m) => m.name === g.model)?.styles.find((s) => s.id === g.style)?.title ?? g.style;
  // A scene may be painted to its edges even where transparency was allowed: the pictures know.
  const cutOut = g.state === 'complete' ? g.images?.some((p) => p.has_alpha) : g.transparent;
  const facts = [style, `${g.width}×${g.height}`, cutOut ? t('create.cut_out') : ''].filter(Boolean);
  const final = isFinal(g);
  return (
    <div className={classes.words}>
      <p className={classes.promptText} title={g.prompt}>
        {g.prompt || t('gallery.wordless')}
      </p>
      <p className={classes.facts}>{facts.join(' · ')}</p>
      <p className={classes.facts}>
        <time dateTime={g.created_at}>{ago(g.created_at, Date.now())}</time>
        {g.state === 'complete' && ` · ${worded(g.charged_mt)}`}
        {!final && ` · ${t('gallery.held', { price: worded(g.price_mt) })}`}
      </p>
      <div className={classes.acts}>
        {g.state === 'waiting' && !isLocal(g) && (
          <Suspense>
            <InLine g={g} actions={actions} />
          </Suspense>
        )}
        {final && (
          <>
            <Act label={t('gallery.again', { price: worded(g.price_mt) })} onClick={() => actions.edit(g)}>
              <IconPencil size={17} stroke={1.8} aria-hidden />
            </Act>
            <Act
              label={t(`gallery.${g.state === 'complete' ? 'more' : 'retry_for'}`, {
                price: worded(g.price_mt),
              })}
              onClick={() => actions.retry(g)}
            >
              <IconRefresh size={17} stroke={1.8} aria-hidden />
            </Act>
            <Act label={t('common.delete')} onClick={() => actions.remove(g)}>
              <IconTrash size={17} stroke={1.8} aria-hidden />
            </Act>
          </>
        )}
      </div>
    </div>
  );
}
