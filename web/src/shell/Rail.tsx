import { Tooltip, UnstyledButton } from '@mantine/core';
import { IconKeyboard } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { AccountButton } from './AccountButton';
import { Mark } from './Mark';
import { places } from './places';
import { SchemeToggle } from './SchemeToggle';
import classes from './shell.module.css';
import { TokenPill } from './TokenPill';

/** The navigation of wide screens. */
export function Rail({ onHelp }: { onHelp: () => void }) {
  const { t } = useTranslation();
  return (
    <nav className={classes.rail} aria-label={t('shell.navigation')}>
      <Link to="/" className={classes.mark} aria-label={t('shell.home')}>
        <Mark size={36} />
      </Link>
      <ul className={classes.places}>
        {places.map(({ to, key, Icon }) => (
          <li key={to}>
            <Link to={to} className={classes.place} activeOptions={{ exact: to === '/' }}>
              <Icon size={22} stroke={1.7} aria-hidden />
              <span>{t(key)}</span>
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
