import { Menu, UnstyledButton } from '@mantine/core';
import { IconChevronDown, IconUser, IconUsers } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Payers } from './Payers';
import classes from './team.module.css';
import type { Payer } from './usePayer';
import './words';

/** Who pays for the next pictures. Whoever is in no team has nothing to choose, and sees nothing of it. */
export function WalletSwitch({ payer }: { payer: Payer }) {
  const { t } = useTranslation();
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
        <Payers payer={payer} />
        <Menu.Divider />
        <p className={classes.menuNote}>{t('team.seen_by_team')}</p>
      </Menu.Dropdown>
    </Menu>
  );
}
