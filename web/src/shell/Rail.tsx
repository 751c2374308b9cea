import { Tooltip, UnstyledButton } from '@mantine/core';
import { IconKeyboard } from '@tabler/icons-react';
import { Link, useRouterState } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { AccountButton } from './AccountButton';
import { Mark } from './Mark';
import { places, standsFor } from './places';
import { SchemeToggle } from './SchemeToggle';
import classes from './shell.module.css';
import { TokenPill } from './TokenPill';

/** The navigation of wide screens. */
export function Rail({ onHelp }: { onHelp: () => void }) {
  const { t } = useTranslation();
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  return (
    <nav className={classes.rail} aria-label={t('shell.navigation')}>
      <Link to="/" className={classes.mark} aria-label={t('shell.home')}>
        <Mark size={36} />
      </Link>
      <ul className={classes.places}>
        {places.map((place) => (
          <li key={place.to}>
            <Link
              to={place.to}
              className={classes.place}
              activeOptions={{ exact: place.to === '/' }}
              data-here={standsFor(place, pathname) || undefined}
            >
              <place.Icon size={22} stroke={1.7} aria-hidden />
              <span>{t(place.key)}</span>
            </Link>
          </li>
        ))}
      </ul>
      <div className={classes.foot}>
        <TokenPill />
        <SchemeToggle />
        <Tooltip label={t('shell.shortcuts_hint')} position="right">
          <UnstyledButton className={classes.tool} aria-label={t('shell.shortcuts')} onClick={onHelp}>
            <IconKeyboard size={20} stroke={1.7} aria-hidden />
          </UnstyledButton>
        </Tooltip>
        <AccountButton position="right-end" />
      </div>
    </nav>
  );
}
