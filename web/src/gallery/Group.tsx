import { ActionIcon, Tooltip } from '@mantine/core';
import {
  IconArrowBarToDown,
  IconArrowBarToUp,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconTrash,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { isFinal, isLocal } from '../api/patch';
import { useLine, useModels } from '../api/queries';
import type { Generation } from '../api/types';
import { ago } from '../format/time';
import { useTokens } from '../format/useTokens';
import classes from './gallery.module.css';
import { type GroupLayout, isWide } from './layout';
import { Tile } from './Tile';
import type { GroupActions } from './useGroupActions';

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
        {g.state === 'waiting' && !isLocal(g) && <InLine g={g} actions={actions} />}
        {final && (
          <>
            <Act label={t('gallery.again', { price: worded(g.price_mt) })} onClick={() => actions.edit(g)}>
              <IconPencil size={17} stroke={1.8} aria-hidden />
            </Act>
            {g.state !== 'complete' && (
              <Act
                label={t('gallery.retry_for', { price: worded(g.price_mt) })}
                onClick={() => actions.retry(g)}
              >
                <IconRefresh size={17} stroke={1.8} aria-hidden />
              </Act>
            )}
            <Act label={t('common.delete')} onClick={() => actions.remove(g)}>
              <IconTrash size={17} stroke={1.8} aria-hidden />
            </Act>
          </>
        )}
      </div>
    </div>
  );
}

/** What can be done with work that waits. */
function InLine({ g, actions }: { g: Generation; actions: GroupActions }) {
  const { t } = useTranslation();
  const line = useLine().data;
  const alone = !line || line.waiting + line.kept < 2;
  return (
    <>
      {!alone && (
        <>
          <Act label={t('line.next')} onClick={() => actions.move(g, 'first')}>
            <IconArrowBarToUp size={17} stroke={1.8} aria-hidden />
          </Act>
          <Act label={t('line.later')} onClick={() => actions.move(g, '')}>
            <IconArrowBarToDown size={17} stroke={1.8} aria-hidden />
          </Act>
        </>
      )}
      <Act label={g.paused ? t('line.let_go') : t('line.keep_back')} onClick={() => actions.keepBack(g)}>
        {g.paused ? (
          <IconPlayerPlay size={17} stroke={1.8} aria-hidden />
        ) : (
          <IconPlayerPause size={17} stroke={1.8} aria-hidden />
        )}
      </Act>
    </>
  );
}

function Act({
  label,
  onClick,
  children,
}: {
  label: string;
  onClick: () => void;
  children: React.ReactNode;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size={34} radius="md" aria-label={label} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
