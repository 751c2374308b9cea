import { Menu, UnstyledButton } from '@mantine/core';
import { IconCheck, IconChevronDown, IconUser, IconUsers } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../api/queries';
import { shortTokens } from '../format/amount';
import { purse } from './purse';
import classes from './team.module.css';
import type { Payer } from './usePayer';
import './words';

/** Who pays for the next pictures. Whoever is in no team has nothing to choose, and sees nothing of it. */
export function WalletSwitch({ payer }: { payer: Payer }) {
  const { t } = useTranslation();
  const { data: session } = useSession();
  if (payer.teams.length === 0) return null;
  const who = payer.team?.name ?? t('team.pays_self');
  const Icon = payer.team ? IconUsers : IconUser;
  return (
    <Menu position="top-end" width={264}>
      <Menu.Target>
        <UnstyledButton
          className={classes.switch}
          aria-label={t('team.who_pays', { who })}
          data-testid="payer"
          data-team={payer.team?.id}
        >
          <Icon size={17} stroke={1.8} aria-hidden />
          <span className={classes.switchName}>{who}</span>
          <IconChevronDown size={14} stroke={2} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
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
        <Menu.Divider />
        <p className={classes.menuNote}>{t('team.seen_by_team')}</p>
      </Menu.Dropdown>
    </Menu>
  );
}

interface ChoiceProps {
  name: string;
  left_mt: number;
  chosen: boolean;
  onChoose: () => void;
}

export function Choice({ name, left_mt, chosen, onChoose }: ChoiceProps) {
  return (
    <Menu.Item
      role="menuitemradio"
      aria-checked={chosen}
      onClick={onChoose}
      leftSection={
        chosen ? <IconCheck size={16} stroke={2.2} aria-hidden /> : <span className={classes.noCheck} />
      }
      rightSection={<span className="number soft">{shortTokens(left_mt)}</span>}
    >
      <span className={classes.choice}>{name}</span>
    </Menu.Item>
  );
}
