import { Menu } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useSession } from '../api/queries';
import { purse } from './purse';
import { usePayer } from './usePayer';
import { Choice } from './WalletSwitch';
import './words';

/** Who pays, for the account menu. */
export function PayerItems() {
  const { t } = useTranslation();
  const payer = usePayer();
  const { data: session } = useSession();
  if (payer.teams.length === 0) return null;
  return (
    <>
      <Menu.Divider />
      <Menu.Label>{t('team.pays')}</Menu.Label>
      <Choice
        name={t('team.pays_self')}
        left_mt={session?.balance.available_mt ?? 0}
        chosen={!payer.team}
        onChoose={() => payer.choose('')}
      />
      {payer.teams.map((team) => (
        <Choice
          key={team.id}
          name={team.name}
          left_mt={purse(team).available_mt}
          chosen={team.id === payer.team?.id}
          onChoose={() => payer.choose(team.id)}
        />
      ))}
    </>
  );
}
