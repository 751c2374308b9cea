// What a member can spend: a pure decision over plain facts.
import type { Team } from '../api/teamTypes';

/** What of a pool a member can spend now. */
export function purse(team: Pick<Team, 'balance' | 'limit_mt' | 'used_mt'>) {
  const pool = team.balance.available_mt;
  if (team.limit_mt === null) return { available_mt: pool, limited: false };
  const left = Math.max(0, team.limit_mt - team.used_mt);
  return { available_mt: Math.min(pool, left), limited: left < pool };
}
