// What to offer whom. The server decides; this only keeps buttons away that it would refuse.
import type { Member, Team, TeamRole } from '../api/teamTypes';

/** The roles that one may give in a team. */
export function givable(team: Pick<Team, 'role'>): Exclude<TeamRole, 'owner'>[] {
  return team.role === 'owner' ? ['admin', 'member', 'billing'] : ['member', 'billing'];
}

/** Whether one may change what a member is, or remove them. */
export function mayManage(team: Pick<Team, 'role' | 'may'>, member: Pick<Member, 'role'>): boolean {
  if (!team.may.includes('manage_members') || member.role === 'owner') return false;
  return team.role === 'owner' || member.role !== 'admin';
}
