import './words';
import { Button, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconArrowsSort, IconPlayerPause, IconPlayerPlay, IconX } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { applyLine } from '../api/events';
import { queries } from '../api/queries';
import type { Line } from '../api/types';
import { lineApi } from './api';
import classes from './line.module.css';
import { useWait } from './useWait';

const Arrange = lazy(() => import('./Arrange').then((m) => ({ default: m.Arrange })));
const Ask = lazy(() => import('../shell/Ask').then((m) => ({ default: m.Ask })));

/** From so many on, cancelling what waits is asked for twice. */
const MANY = 3;

/** What one has in line, in a sentence, with what can be done about all of it. */
export function Strip({ line }: { line: Line }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const [arranging, setArranging] = useState(false);
  const { pause, cancel } = useLineActions(line);
  const waiting = line.waiting + line.kept;
  const wanted = () => (waiting > MANY ? setAsking(true) : cancel.mutate());
  return (
    <section
      className={classes.strip}
      aria-label={t('line.title')}
      data-testid="line"
      data-paused={line.paused || !!line.stopped || undefined}
    >
      <div>
        {line.stopped && (
          <p className={classes.held} data-testid="line-stopped">
            <strong>{t('line.stopped_by')}</strong> {line.stopped}
          </p>
        )}
        <Sentence line={line} />
      </div>
      <div className={classes.acts}>
        <Button
          size="compact-sm"
          variant={line.paused ? 'filled' : 'default'}
          leftSection={
            line.paused ? (
              <IconPlayerPlay size={15} stroke={1.9} aria-hidden />
            ) : (
              <IconPlayerPause size={15} stroke={1.9} aria-hidden />
            )
          }
          onClick={() => pause.mutate(!line.paused)}
          data-testid="line-pause"
        >
          {line.paused ? t('line.go_on') : t('line.pause')}
        </Button>
        {waiting > 0 && (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconArrowsSort size={15} stroke={1.9} aria-hidden />}
            onClick={() => setArranging(true)}
            data-testid="line-arrange"
          >
            {t('line.arrange')}
          </Button>
        )}
        {waiting > 0 && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<IconX size={15} stroke={1.9} aria-hidden />}
            loading={cancel.isPending}
            onClick={wanted}
            data-testid="line-cancel"
          >
            {t('line.cancel')}
          </Button>
        )}
      </div>
      <Suspense>{arranging && <Arrange onClose={() => setArranging(false)} />}</Suspense>
      {asking && (
        <Suspense>
          <Ask
            opened
            title={t('line.cancel_title', { count: waiting })}
            text={t('line.cancel_text')}
            yes={t('line.cancel_yes', { count: waiting })}
            testid="line-cancel-yes"
            onNo={() => setAsking(false)}
            onYes={() => {
              setAsking(false);
              cancel.mutate();
            }}
          />
        </Suspense>
      )}
    </section>
  );
}

function Sentence({ line }: { line: Line }) {
  const { t } = useTranslation();
  const wait = useWait(line.paused || line.stopped ? undefined : line.done);
  if (line.paused && line.running + line.waiting + line.kept === 0)
    return <p className={classes.words}>{t('line.paused_empty')}</p>;
  const parts = [
    line.running > 0 && t('line.painting', { count: line.running }),
    line.waiting > 0 && t('line.waiting', { count: line.waiting }),
    line.kept > 0 && t('line.kept', { count: line.kept }),
  ].filter(Boolean);
  return (
    <p className={classes.words}>
      {line.paused && <strong>{`${t('line.paused')} · `}</strong>}
      {parts.join(' · ')}
      {wait === null && ` · ${t('line.done_now')}`}
      {wait && (
        <>
          {' · '}
          <Tooltip
            label={t('line.done_range', { range: wait.range })}
            events={{ hover: true, focus: false, touch: true }}
          >
            <span className={classes.when}>{t('line.done', { about: wait.about })}</span>
          </Tooltip>
        </>
      )}
    </p>
  );
}

function useLineActions(line: Line) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const complain = (error: Error) => {
    notifications.show({ color: 'red', title: t('common.failed'), message: error.message });
    void client.invalidateQueries({ queryKey: queries.line().queryKey });
  };
  const pause = useMutation<void, Error, boolean>({
    mutationFn: lineApi.pauseAll,
    onMutate: (paused) => applyLine(client, { ...line, paused }),
    onError: complain,
  });
  const cancel = useMutation<{ cancelled: number }, Error>({
    mutationFn: lineApi.cancelWaiting,
    onSuccess: ({ cancelled }) => {
      notifications.show({
        message: cancelled > 0 ? t('line.cancelled', { count: cancelled }) : t('line.cancelled_none'),
      });
      void client.invalidateQueries({ queryKey: queries.line().queryKey });
    },
    onError: complain,
  });
  return { pause, cancel };
}
