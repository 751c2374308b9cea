import type { TFunction } from 'i18next';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Expected } from '../api/types';
import { left, oneUnit, type Rough, type Wait } from './wait';

/** A wait in words: how long about, and between what. Null = any moment. */
export interface SpokenWait {
  about: string;
  range: string;
}

const say = (t: TFunction, r: Rough) => t(`line.${r.unit}`, { count: r.count });

function range(t: TFunction, w: Wait): string {
  const high = say(t, w.high);
  if (w.low.unit === 'moments' || say(t, w.low) === high) return t('line.within', { high });
  return t('line.between', { low: oneUnit(w) ? w.low.count : say(t, w.low), high });
}

/** Says what is left of a wait and counts it down each second, in the component that asks and nowhere else. */
export function useWait(expected: Expected | null | undefined): SpokenWait | null | undefined {
  const { t } = useTranslation();
  const [now, setNow] = useState(Date.now);
  const ticking = !!expected;
  useEffect(() => {
    if (!ticking) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  if (!expected) return undefined;
  const w = left(expected, now);
  if (w.about.unit === 'moments') return null;
  return { about: t('line.about', { time: say(t, w.about) }), range: range(t, w) };
}
