import '../wallet/words';
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { moneyApi } from '../api/money';
import { usePageTitle } from '../shell/title';

const route = getRouteApi('/unsubscribe');

/** Ends the mails, by the link in one of them; opening the page alone does nothing. */
export function Unsubscribe() {
  const { t } = useTranslation();
  usePageTitle(t('alerts.unsubscribe'));
  const { token } = route.useSearch();
  const end = useMutation({ mutationFn: () => moneyApi.unsubscribe(token ?? '') });
  return (
    <main className="page">
      <header>
        <h1>{t('alerts.unsubscribe')}</h1>
        <p>{t('alerts.unsubscribe_text')}</p>
      </header>
      <div className="panel">
        {end.isSuccess ? (
          <p role="status">
            {t('alerts.unsubscribed')}{' '}
            <Link to="/" className="link">
              {t('shell.missing_back')}
            </Link>
          </p>
        ) : (
          <>
            {end.isError && <p role="alert">{end.error.message}</p>}
            <Button mt={end.isError ? 'sm' : 0} loading={end.isPending} onClick={() => end.mutate()}>
              {t('alerts.unsubscribe_do')}
            </Button>
          </>
        )}
      </div>
    </main>
  );
}
