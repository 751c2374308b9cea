import { Menu } from '@mantine/core';
import { Payers } from './Payers';
import { usePayer } from './usePayer';

/** Who pays, for the account menu. */
export function PayerItems() {
  const payer = usePayer();
  if (payer.teams.length === 0) return null;
  return (
    <>
      <Menu.Divider />
      <Payers payer={payer} />
    </>
  );
}
