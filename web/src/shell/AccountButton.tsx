import type { MenuProps } from '@mantine/core';
import { lazy, Suspense } from 'react';
import classes from './shell.module.css';

const AccountMenu = lazy(() => import('./AccountMenu').then((m) => ({ default: m.AccountMenu })));

interface Props {
  position: MenuProps['position'];
  labelled?: boolean;
  onHelp?: () => void;
}

/** The account menu, loaded after the first paint; its place is kept. */
export function AccountButton(props: Props) {
  return (
    <Suspense fallback={<span className={props.labelled ? classes.place : classes.tool} />}>
      <AccountMenu {...props} />
    </Suspense>
  );
}
