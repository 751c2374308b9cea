import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Balance } from '../api/moneyTypes';
import { queries, useSession } from '../api/queries';
import type { Team } from '../api/teamTypes';
import { setPayer, usePayerId } from '../create/store';
import { purse } from './purse';

/** The teams whose tokens one may spend. */
export function useSpendable(): Team[] {
  const { data } = useQuery(queries.teams());
  return useMemo(() => (data ?? []).filter((t) => t.may.includes('spend')), [data]);
}

export interface Purse {
  /** The team that pays; undefined = oneself. */
  team: Team | undefined;
  balance: Balance | undefined;
  /** Spendable now: of the pool, and within one's limit. */
  available_mt: number;
  /** The limit, and not the pool, is what ends first. */
  limited: boolean;
}

/** What a team's pool, or one's own wallet, has for oneself. */
export function usePurse(teamId: string): Purse {
  const { data: session } = useSession();
  const team = useSpendable().find((t) => t.id === teamId);
  if (!team)
    return {
      team: undefined,
      balance: session?.balance,
      available_mt: session?.balance.available_mt ?? 0,
      limited: false,
    };
  return { team, balance: team.balance, ...purse(team) };
}

/** Who pays for what is made next, as it was chosen last. A team that one is not in any more pays for nothing. */
export function usePayer() {
  const own = usePurse(usePayerId());
  const teams = useSpendable();
  const id = own.team?.id;
  const terms = useMemo(() => (id ? { pays_with: `team:${id}` } : {}), [id]);
  return { ...own, teams, terms, choose: setPayer };
}

export type Payer = ReturnType<typeof usePayer>;
