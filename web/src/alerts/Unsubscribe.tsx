import '../wallet/words';
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Door } from '../account/Door';
import { moneyApi } from '../api/money';
import classes from './alerts.module.css';

const route = getRouteApi('/unsubscribe');

/** Ends the mails, by the link in one of them; opening the page alone does nothing. */
export function Unsubscribe() {
  const { t } = useTranslation();
  const { token } = route.useSearch();
  const end = useMutation({ mutationFn: () => moneyApi.unsubscribe(token ?? '') });
  return (
    <Door title={t('alerts.unsubscribe')} text={t('alerts.unsubscribe_text')}>
      {end.isSuccess ? (
        <p role="status" className={classes.way}>
          {t('alerts.unsubscribed')}{' '}
          <Link to="/" className="link">
            {t('shell.missing_back')}
          </Link>
        </p>
      ) : (
        <>
          {end.isError && (
            <p role="alert" className="problem">
              {end.error.message}
            </p>
          )}
          <Button
            className={classes.way}
            size="md"
            fullWidth
            loading={end.isPending}
            onClick={() => end.mutate()}
          >
            {t('alerts.unsubscribe_do')}
          </Button>
        </>
      )}
    </Door>
  );
}
