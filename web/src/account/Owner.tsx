import './words';
import { Link, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { doorApi } from './api';
import { CredentialsForm } from './CredentialsForm';
import { Door } from './Door';

/** Where the one-time link of a new server leads: whoever opens it first owns the studio. */
export function Owner() {
  const { t } = useTranslation();
  const { token } = useSearch({ from: '/owner' });
  return (
    <Door
      title={t('account.owner_title')}
      text={t(token ? 'account.owner_text' : 'account.owner_no_token')}
      footer={
        <Link to="/signin" search={{}} className="link">
          {t('account.have_one_sign_in')}
        </Link>
      }
    >
      {token && (
        <CredentialsForm
          action={(email, password) => doorApi.claimOwner(token, email, password)}
          label={t('account.claim')}
          fresh
        />
      )}
    </Door>
  );
}
