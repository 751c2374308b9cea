import { ActionIcon, Tooltip } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import {
  IconChevronLeft,
  IconChevronRight,
  IconGridDots,
  IconZoomIn,
  IconZoomOut,
} from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useProgress } from '../api/queries';
import type { Generation, Picture } from '../api/types';
import { Waiting } from '../line/Waiting';
import classes from './picture.module.css';

interface Props {
  g: Generation;
  picture: Picture | undefined;
  onMove: (direction: -1 | 1) => void;
  /** The picture's address no longer works. */
  onStale: () => void;
}

/** The picture itself: whole, or in its own pixels; on a checkerboard or a plain ground where it is transparent. */
export function Stage({ g, picture, onMove, onStale }: Props) {
  const { t } = useTranslation();
  const [zoomed, setZoomed] = useState(false);
  const [checker, setChecker] = useState(true);
  const asked = useRef('');
  const id = picture?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another picture starts whole again
  useEffect(() => setZoomed(false), [id]);
  useHotkeys([['Z', () => setZoomed((z) => !z)]]);

  if (!picture) return <Unfinished g={g} />;
  const ground = picture.has_alpha && checker ? 'checker' : '';
  return (
    <div className={classes.stage} data-zoomed={zoomed || undefined}>
      <div className={classes.scroller} tabIndex={zoomed ? 0 : undefined}>
        <img
          key={picture.id}
          src={picture.url}
          alt={g.prompt}
          width={picture.width}
          height={picture.height}
          className={`${classes.picture} ${ground}`}
          style={
            {
              aspectRatio: `${picture.width} / ${picture.height}`,
              backgroundImage:
                !picture.has_alpha && picture.placeholder ? `url("${picture.placeholder}")` : undefined,
              '--w': picture.width,
              '--h': picture.height,
            } as React.CSSProperties
          }
          onError={() => {
            if (asked.current === picture.url) return;
            asked.current = picture.url;
            onStale();
          }}
          data-testid="picture"
        />
      </div>
      <div className={classes.tools}>
        {picture.has_alpha && (
          <Tool
            label={t(checker ? 'picture.plain_ground' : 'picture.checker_ground')}
            pressed={checker}
            onClick={() => setChecker((c) => !c)}
          >
            <IconGridDots size={19} stroke={1.8} aria-hidden />
          </Tool>
        )}
        <Tool
          label={t(zoomed ? 'picture.fit' : 'picture.pixels')}
          pressed={zoomed}
          onClick={() => setZoomed((z) => !z)}
        >
          {zoomed ? (
            <IconZoomOut size={19} stroke={1.8} aria-hidden />
          ) : (
            <IconZoomIn size={19} stroke={1.8} aria-hidden />
          )}
        </Tool>
      </div>
      <ActionIcon
        className={classes.prev}
        variant="default"
        radius="xl"
        size={42}
        aria-label={t('picture.previous')}
        onClick={() => onMove(-1)}
      >
        <IconChevronLeft size={22} stroke={1.8} aria-hidden />
      </ActionIcon>
      <ActionIcon
        className={classes.next}
        variant="default"
        radius="xl"
        size={42}
        aria-label={t('picture.next')}
        onClick={() => onMove(1)}
      >
        <IconChevronRight size={22} stroke={1.8} aria-hidden />
      </ActionIcon>
    </div>
  );
}

function Tool({
  label,
  pressed,
  onClick,
  children,
}: {
  label: string;
  pressed: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="default"
        radius="md"
        size={38}
        aria-label={label}
        aria-pressed={pressed}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

/** Before the picture is there, or when it never will be. */
function Unfinished({ g }: { g: Generation }) {
  const { t } = useTranslation();
  const progress = useProgress(g.id);
  const lost = g.state === 'failed' || g.state === 'cancelled';
  return (
    <div className={classes.stage}>
      <div className={classes.unfinished} style={{ aspectRatio: `${g.width} / ${g.height}` }} role="status">
        {!lost && progress?.preview && <img src={progress.preview} alt="" />}
        <p>
          {lost ? (
            `${t(g.state === 'failed' ? 'gallery.failed' : 'gallery.cancelled')}. ${g.failure?.message ?? ''} ${t('gallery.nothing_charged')}`
          ) : g.state === 'waiting' ? (
            <Waiting g={g} />
          ) : (
            `${Math.floor((progress?.fraction ?? 0) * 100)} %`
          )}
        </p>
      </div>
    </div>
  );
}
