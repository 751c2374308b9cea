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
  const place = stands();
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

  function stands(): string {
    if (g.stopped) return t('line.stopped');
    if (g.position > 1) return t('line.place', { count: g.position, ordinal: true });
    if (!g.loading) return t(g.position === 1 ? 'line.first' : 'line.waiting_place');
    const percent = g.loading.percent;
    if (percent === null) return t('line.loading');
    // The last of it is not read but opened and tried, which no percentage tells.
    return percent < 95 ? t('line.loading_percent', { percent }) : t('line.loading_last');
  }

  function ofLoading(l: Loading): string {
    const mb = (bytes: number) => Math.round(bytes / 1e6);
    return l.total_bytes > 0
      ? t('line.loading_bytes', { done: mb(l.done_bytes), total: mb(l.total_bytes) })
      : t('line.loading_first');
  }
}
