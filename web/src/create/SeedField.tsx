import './words';
import { ActionIcon, SegmentedControl, TextInput, Tooltip } from '@mantine/core';
import { IconDice5 } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './create.module.css';
import { drawSeed, MAX_SEED, parseSeed } from './draft';

interface Props {
  seed: number | null;
  onChange: (seed: number | null) => void;
  error?: string;
}

/** A new seed each time, or one that is kept: the same seed and settings give the same picture. */
export function SeedField({ seed, onChange, error }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState(seed === null || Number.isNaN(seed) ? '' : String(seed));
  const fixed = seed !== null;
  const put = (value: number | null) => {
    setText(value === null ? '' : String(value));
    onChange(value);
  };
  const shown = fixed && !Number.isNaN(seed) ? String(seed) : text;
  return (
    <div className={classes.seed}>
      <SegmentedControl
        fullWidth
        aria-label={t('create.seed')}
        value={fixed ? 'fixed' : 'random'}
        onChange={(v) => put(v === 'fixed' ? drawSeed() : null)}
        data={[
          { value: 'random', label: t('create.seed_random') },
          { value: 'fixed', label: t('create.seed_fixed') },
        ]}
      />
      {fixed && (
        <TextInput
          aria-label={t('create.seed')}
          inputMode="numeric"
          value={shown}
          error={Number.isNaN(seed) ? t('create.seed_bad', { max: MAX_SEED }) : error}
          onChange={(e) => {
            setText(e.currentTarget.value);
            onChange(parseSeed(e.currentTarget.value) ?? Number.NaN);
          }}
          rightSection={
            <Tooltip label={t('create.seed_roll')}>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t('create.seed_roll')}
                onClick={() => put(drawSeed())}
              >
                <IconDice5 size={18} />
              </ActionIcon>
            </Tooltip>
          }
        />
      )}
      <p className={classes.hint}>{t(fixed ? 'create.seed_fixed_hint' : 'create.seed_random_hint')}</p>
    </div>
  );
}
