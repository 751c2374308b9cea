import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './create.module.css';

// What cannot be painted because it is no style: two small drawings in quiet colours.
const body = 'M33 11c5 0 7 6 8.5 12.5S51 33 51 43c0 9-8 14-18 14s-18-5-18-14c0-10 8-13 9.5-19.5S28 11 33 11z';
const drawn: Record<string, ReactNode> = {
  auto: (
    <>
      <path d="M12 20h26M12 32h40M12 44h30" stroke="#8d867c" strokeWidth="3.4" strokeLinecap="round" />
      <path d="m49 9 2.4 7.6L59 19l-7.6 2.4L49 29l-2.4-7.6L39 19l7.6-2.4z" fill="#c2613f" />
    </>
  ),
  none: (
    <g fill="none" stroke="#8d867c" strokeWidth="2" strokeDasharray="4 4">
      <path d={body} />
      <path d="M35 11c1-6 7-8 12-7-1 6-6 9-12 7z" />
    </g>
  ),
};

/**
 * What a style looks like, which says more than its name: the same subject in each, painted by the model and kept in
 * public/styles (`make style-pictures`). A style without a picture shows its initial.
 */
export function StyleArt({ style, title, size = 64 }: { style: string; title: string; size?: number }) {
  const { t } = useTranslation();
  const [missing, setMissing] = useState('');
  if (style in drawn || missing === style)
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 64 64"
        className={classes.art}
        aria-hidden="true"
        focusable="false"
      >
        <rect width="64" height="64" fill="#f0ede8" />
        {drawn[style] ?? (
          <text x="32" y="42" fontSize="28" fontWeight="650" textAnchor="middle" fill="#8a3016">
            {title.slice(0, 1)}
          </text>
        )}
      </svg>
    );
  return (
    <img
      src={`/styles/${style}.webp`}
      width={size}
      height={size}
      className={classes.art}
      alt=""
      title={t('create.style_painted', { style: title })}
      loading="lazy"
      decoding="async"
      onError={() => setMissing(style)}
    />
  );
}
