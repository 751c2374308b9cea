import { Tooltip, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { IconMoon, IconSun, IconSunMoon } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './shell.module.css';

export const schemes = ['auto', 'light', 'dark'] as const;
export type Scheme = (typeof schemes)[number];
export const schemeIcons = { auto: IconSunMoon, light: IconSun, dark: IconMoon };

/** Walks through the system's choice, light and dark. */
export function SchemeToggle() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = schemes[(schemes.indexOf(colorScheme) + 1) % schemes.length] as Scheme;
  const Icon = schemeIcons[colorScheme];
  const label = t(`shell.scheme_${colorScheme}`);
  return (
    <Tooltip label={label} position="right">
      <UnstyledButton className={classes.tool} aria-label={label} onClick={() => setColorScheme(next)}>
        <Icon size={20} stroke={1.7} aria-hidden />
      </UnstyledButton>
    </Tooltip>
  );
}
