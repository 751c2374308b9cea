import { Menu } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../api/queries';
import { shortTokens } from '../format/amount';
import { purse } from './purse';
import classes from './team.module.css';
import type { Payer } from './usePayer';
import './words';

/** The wallets one can choose among, each with what it has for oneself: items of a menu. */
export function Payers({ payer }: { payer: Payer }) {
  const { t } = useTranslation();
  const { data: session } = useSession();
  const wallets = [
    { id: '', name: t('team.pays_self'), left_mt: session?.balance.available_mt ?? 0 },
    ...payer.teams.map((team) => ({ id: team.id, name: team.name, left_mt: purse(team).available_mt })),
  ];
  return (
    <>
      <Menu.Label>{t('team.pays')}</Menu.Label>
      <Menu.RadioGroup value={payer.team?.id ?? ''} onChange={payer.choose}>
        {wallets.map((w) => (
          <Menu.RadioItem
            key={w.id}
            value={w.id}
            closeMenuOnClick
            checkIcon={<IconCheck size={16} stroke={2.2} aria-hidden />}
            rightSection={<span className="number soft">{shortTokens(w.left_mt)}</span>}
          >
            <span className={classes.choice}>{w.name}</span>
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </>
  );
}
