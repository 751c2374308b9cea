import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { AccountButton } from './AccountButton';
import { places } from './places';
import classes from './shell.module.css';

/** The navigation of phones, within reach of a thumb. */
export function BottomBar({ onHelp }: { onHelp: () => void }) {
  const { t } = useTranslation();
  return (
    <nav className={classes.bottombar} aria-label={t('shell.navigation')}>
      {places.map(({ to, key, Icon }) => (
        <Link key={to} to={to} className={classes.place} activeOptions={{ exact: to === '/' }}>
          <Icon size={22} stroke={1.7} aria-hidden />
          <span>{t(key)}</span>
        </Link>
      ))}
      <AccountButton position="top-end" labelled onHelp={onHelp} />
    </nav>
  );
}
