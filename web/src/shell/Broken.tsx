import { Button } from '@mantine/core';
import { useQueryErrorResetBoundary } from '@tanstack/react-query';
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import { Mark } from './Mark';
import classes from './shell.module.css';

/** What stands in for a page that could not be drawn. */
export function Broken({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  const queries = useQueryErrorResetBoundary();
  useEffect(() => queries.reset(), [queries]);
  const offline = error instanceof ApiError && error.offline;
  return (
    <main className={classes.alone}>
      <Mark size={44} />
      <h1>{offline ? t('shell.unreachable_title') : t('shell.broken_title')}</h1>
      <p className="soft">
        {offline ? t('shell.unreachable_text') : String(error instanceof Error ? error.message : error)}
      </p>
      <Button
        onClick={() => {
          reset();
          void router.invalidate();
        }}
      >
        {t('common.retry')}
      </Button>
    </main>
  );
}

export function Missing() {
  const { t } = useTranslation();
  return (
    <main className={classes.alone}>
      <Mark size={44} />
      <h1>{t('shell.missing_title')}</h1>
      <p className="soft">{t('shell.missing_text')}</p>
      <Link to="/" className="link">
        {t('shell.missing_back')}
      </Link>
    </main>
  );
}
