import './words';
import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { doorApi, statusQuery } from './api';
import { CredentialsForm } from './CredentialsForm';
import { Door } from './Door';

export function SignUp() {
  const { t } = useTranslation();
  const { next } = useSearch({ from: '/signup' });
  const { data: status } = useQuery(statusQuery());
  const closed = status?.signup_open === false;
  return (
    <Door
      title={t('account.sign_up_title')}
      text={t(closed ? 'account.sign_up_closed' : 'account.sign_up_text')}
      footer={
        <>
          {t('account.have_one')}{' '}
          <Link to="/signin" search={{ next }} className="link">
            {t('account.sign_in')}
          </Link>
        </>
      }
    >
      {!closed && <CredentialsForm action={doorApi.signUp} label={t('account.sign_up')} fresh next={next} />}
    </Door>
  );
}
