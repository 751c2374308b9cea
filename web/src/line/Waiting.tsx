import './words';
import { Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useLine } from '../api/queries';
import type { Generation, Loading } from '../api/types';
import classes from './line.module.css';
import { useWait } from './useWait';

interface Props {
  g: Generation;
  className?: string | undefined;
}

/** Where waiting work stands and when it starts; counts down by itself. */
export function Waiting({ g, className }: Props) {
  const { t } = useTranslation();
  const line = useLine().data;
  const wait = useWait(g.starts);
  if (g.paused || line?.paused)
    return (
      <span className={className} data-testid="place" data-kept>
        {t('line.kept_back')}
      </span>
    );
  const place = g.stopped
    ? t('line.stopped')
    : g.loading && g.position <= 1
      ? g.loading.percent === null
        ? t('line.loading')
        : t('line.loading_percent', { percent: g.loading.percent })
      : g.position === 1
        ? t('line.first')
        : g.position > 1
          ? t('line.place', { count: g.position, ordinal: true })
          : t('line.waiting_place');
  const when = g.stopped || wait === undefined ? '' : (wait?.about ?? t('line.moment'));
  const starts =
    wait === undefined
      ? t('line.starts_unknown')
      : wait
        ? t('line.starts', { about: wait.about, range: wait.range })
        : t('line.starts_now');
  const whole = g.loading ? `${ofLoading(g.loading)} ${starts}` : starts;
  return (
    <Tooltip label={whole} events={{ hover: true, focus: false, touch: true }}>
      <span className={className} data-testid="place" data-place={g.position}>
        <span aria-hidden>{when ? `${place} · ${when}` : place}</span>
        <span className={classes.hidden}>{`${place}. ${whole}`}</span>
      </span>
    </Tooltip>
  );

  function ofLoading(l: Loading): string {
    const mb = (bytes: number) => Math.round(bytes / 1e6);
    return l.total_bytes > 0
      ? t('line.loading_bytes', { done: mb(l.done_bytes), total: mb(l.total_bytes) })
      : t('line.loading_first');
  }
}
