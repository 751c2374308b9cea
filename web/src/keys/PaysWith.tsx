import { NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Team } from '../api/teamTypes';

interface Props {
  value: string;
  /** One's teams; those that a key may be bound to are offered. */
  teams: Team[];
  error: string | undefined;
  onChange: (paysWith: string) => void;
}

/** The wallet that a key pays from. */
export function PaysWith({ value, teams, error, onChange }: Props) {
  const { t } = useTranslation();
  const wallets = [
    { value: 'tokens', label: t('keys.pays_tokens'), disabled: false },
    { value: 'credits', label: t('keys.pays_credits'), disabled: false },
    ...teams
      .filter((team) => team.may.includes('spend_by_key'))
      .map((team) => ({ value: `team:${team.id}`, label: team.name, disabled: false })),
  ];
  // What a key was bound to stays chosen until it is changed, also where it could not be chosen any more.
  if (!wallets.some((w) => w.value === value)) {
    const team = teams.find((x) => `team:${x.id}` === value);
    wallets.push({ value, label: team?.name ?? t('keys.pays_gone'), disabled: true });
  }
  return (
    <NativeSelect
      label={t('keys.pays_with')}
      value={value}
      onChange={(e) => onChange(e.currentTarget.value)}
      data={wallets}
      error={error}
    />
  );
}
