import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { queries } from '../api/queries';

/** What a key may pay with: one's tokens, one's API credits, and the teams one may bind it to. One that it has stays. */
export function usePayers(now = 'tokens'): { value: string; label: string }[] {
  const { t } = useTranslation();
  const { data } = useQuery(queries.teams());
  const list = [
    { value: 'tokens', label: t('keys.pays_tokens') },
    { value: 'credits', label: t('keys.pays_credits') },
    ...(data ?? [])
      .filter((team) => team.may.includes('spend_by_key'))
      .map((team) => ({ value: `team:${team.id}`, label: team.name })),
  ];
  if (!list.some((p) => p.value === now)) list.push({ value: now, label: t('keys.pays_other') });
  return list;
}
