import { Menu } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { usePayer } from './usePayer';

// With its words; most people are in no team.
const Payers = lazy(() => import('./Payers').then((m) => ({ default: m.Payers })));

/** Who pays, for the account menu. */
export function PayerItems() {
  const payer = usePayer();
  if (payer.teams.length === 0) return null;
  return (
    <Suspense>
      <Menu.Divider />
      <Payers payer={payer} />
    </Suspense>
  );
}
