import { Link, useRouterState } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { AccountButton } from './AccountButton';
import { places, standsFor } from './places';
import classes from './shell.module.css';

/** The navigation of phones, within reach of a thumb. */
export function BottomBar({ onHelp }: { onHelp: () => void }) {
  const { t } = useTranslation();
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  return (
    <nav className={classes.bottombar} aria-label={t('shell.navigation')}>
      {places.map((place) => (
        <Link
          key={place.to}
          to={place.to}
          className={classes.place}
          activeOptions={{ exact: place.to === '/' }}
          data-here={standsFor(place, pathname) || undefined}
        >
          <place.Icon size={22} stroke={1.7} aria-hidden />
          <span>{t(place.key)}</span>
        </Link>
      ))}
      <AccountButton position="top-end" labelled onHelp={onHelp} />
    </nav>
  );
}
