import './words';
import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { doorApi, statusQuery } from './api';
import { CredentialsForm } from './CredentialsForm';
import { Door } from './Door';

export function SignIn() {
  const { t } = useTranslation();
  const { next } = useSearch({ from: '/signin' });
  const { data: status } = useQuery(statusQuery());
  return (
    <Door
      title={t('account.sign_in_title')}
      text={t(next ? 'account.sign_in_again' : 'account.sign_in_text')}
      footer={
        status?.signup_open !== false && (
          <>
            {t('account.new_here')}{' '}
            <Link to="/signup" search={{ next }} className="link">
              {t('account.sign_up')}
            </Link>
          </>
        )
      }
    >
      <CredentialsForm action={doorApi.signIn} label={t('account.sign_in')} fresh={false} next={next} />
    </Door>
  );
}
