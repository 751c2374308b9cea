import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Mark } from './Mark';
import classes from './shell.module.css';
import { TokenPill } from './TokenPill';

/** The strip on top of phones. */
export function TopBar() {
  const { t } = useTranslation();
  return (
    <nav className={classes.topbar} aria-label={t('shell.studio')}>
      <Link to="/" className={classes.wordmark} aria-label={t('shell.home')}>
        <Mark size={28} />
        <span>Bottega</span>
      </Link>
      <TokenPill />
    </nav>
  );
}
