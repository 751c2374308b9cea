import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import classes from './wallet.module.css';

const pages = [
  { to: '/wallet', key: 'wallet.nav_wallet' },
  { to: '/plans', key: 'wallet.nav_plans' },
  { to: '/packs', key: 'wallet.nav_packs' },
  { to: '/payments', key: 'wallet.nav_payments' },
] as const;

/** The pages about tokens and money; they stand together under "Wallet". */
export function SubNav() {
  const { t } = useTranslation();
  return (
    <nav className={classes.sub} aria-label={t('wallet.nav')}>
      {pages.map(({ to, key }) => (
        <Link key={to} to={to} activeOptions={{ exact: true }}>
          {t(key)}
        </Link>
      ))}
    </nav>
  );
}
