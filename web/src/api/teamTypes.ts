// What the server says of teams, as one of their members sees them.
import type { Balance } from './moneyTypes';

export type TeamRole = 'owner' | 'admin' | 'member' | 'billing';

export type TeamAction =
  | 'see_team'
  | 'see_work'
  | 'spend'
  | 'spend_by_key'
  | 'delete_work'
  | 'see_usage'
  | 'see_journal'
  | 'invite'
  | 'set_limits'
  | 'manage_members'
  | 'rename'
  | 'manage_plan'
  | 'transfer'
  | 'dissolve'
  | 'leave';

export interface Member {
  account_id: string;
  email: string;
  role: TeamRole;
  /** Most in a UTC month; null = no limit. */
  limit_mt: number | null;
  /** In this UTC month; null = not for you. */
  used_mt: number | null;
  joined_at: string;
}

/** A team as one of its members sees it; in lists without the members. */
export interface Team {
  id: string;
  name: string;
  role: TeamRole;
  may: TeamAction[];
  created_at: string;
  dissolved_at: string | null;
  seats: number;
  taken: number;
  limit_mt: number | null;
  used_mt: number;
  plan: { name: string; title: string; state: string; monthly_mt: number; bank_cap_mt: number };
  balance: Balance;
  members: Member[];
}

export interface Invitation {
  id: string;
  email: string | null;
  role: Exclude<TeamRole, 'owner'>;
  limit_mt: number | null;
  invited_by: string;
  created_at: string;
  expires_at: string;
}

/** The token is told this once. */
export type NewInvitation = Invitation & { token: string; mailed: boolean };

export interface InvitationRequest {
  email?: string;
  role: Exclude<TeamRole, 'owner'>;
  limit_mt?: number;
}

/** What an invitation is for. */
export interface Invited {
  team_id: string;
  team_name: string;
  role: Exclude<TeamRole, 'owner'>;
  limit_mt: number | null;
  invited_by: string;
  for_you: boolean;
  member: boolean;
  expires_at: string;
}

export interface UsageItem {
  account_id: string;
  email: string;
  here: boolean;
  model: string;
  generations: number;
  used_mt: number;
}

export interface TeamUsage {
  from: string;
  until: string;
  used_mt: number;
  items: UsageItem[];
}
