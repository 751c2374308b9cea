import { IconInfoCircle } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import classes from './wallet.module.css';

/** What to do in a studio that takes no payments. */
export function NoCheckout({ what }: { what: 'plans' | 'packs' | 'payments' | 'team' }) {
  const { t } = useTranslation();
  return (
    <div className={`panel ${classes.note}`} data-testid="no-checkout">
      <IconInfoCircle size={20} stroke={1.7} aria-hidden />
      <p>
        {t(`wallet.no_checkout_${what}`)}{' '}
        {what !== 'team' && (
          <Link to="/wallet" className="link">
            {t('wallet.no_checkout_code')}
          </Link>
        )}
      </p>
    </div>
  );
}
