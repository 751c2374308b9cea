import { UnstyledButton } from '@mantine/core';
import { IconMinus, IconPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Range } from '../api/types';
import classes from './create.module.css';

/** How many pictures at once. */
export function CountStepper({
  value,
  range,
  onChange,
}: {
  value: number;
  range: Range;
  onChange: (n: number) => void;
}) {
  const { t } = useTranslation();
  return (
    <fieldset className={classes.count} aria-label={t('create.count')}>
      <UnstyledButton
        aria-label={t('create.fewer')}
        disabled={value <= range.min}
        onClick={() => onChange(value - 1)}
      >
        <IconMinus size={15} stroke={2.2} aria-hidden />
      </UnstyledButton>
      <output aria-live="polite" className="number">
        {t('create.pictures', { count: value })}
      </output>
      <UnstyledButton
        aria-label={t('create.more')}
        disabled={value >= range.max}
        onClick={() => onChange(value + 1)}
      >
        <IconPlus size={15} stroke={2.2} aria-hidden />
      </UnstyledButton>
    </fieldset>
  );
}
