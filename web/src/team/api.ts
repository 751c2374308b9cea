// The calls about teams, and what the server knows of one. The list of teams, which the first page needs, is not among
// them: see api/.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { at, page, send } from '../api/client';
import type {
  Invitation,
  InvitationRequest,
  Invited,
  NewInvitation,
  Team,
  TeamRole,
  TeamUsage,
} from '../api/teamTypes';
import type { Generation, Page } from '../api/types';

export const teamApi = {
  create: (name: string) => send<Team>('/teams', { method: 'POST', body: { name } }),
  get: (id: string) => send<Team>(`/teams/${at(id)}`),
  rename: (id: string, name: string) => send<void>(`/teams/${at(id)}`, { method: 'PUT', body: { name } }),
  dissolve: (id: string) => send<void>(`/teams/${at(id)}`, { method: 'DELETE' }),
  leave: (id: string) => send<void>(`/teams/${at(id)}/leave`, { method: 'POST' }),
  transfer: (id: string, account_id: string) =>
    send<void>(`/teams/${at(id)}/transfer`, { method: 'POST', body: { account_id } }),
  changeMember: (
    id: string,
    member: string,
    change: { role?: TeamRole; limit_mt?: number; no_limit?: boolean },
  ) => send<void>(`/teams/${at(id)}/members/${at(member)}`, { method: 'PUT', body: change }),
  removeMember: (id: string, member: string) =>
    send<void>(`/teams/${at(id)}/members/${at(member)}`, { method: 'DELETE' }),
  invitations: async (id: string) =>
    (await send<{ items: Invitation[] }>(`/teams/${at(id)}/invitations`)).items,
  invite: (id: string, request: InvitationRequest) =>
    send<NewInvitation>(`/teams/${at(id)}/invitations`, { method: 'POST', body: request }),
  revoke: (id: string, invitation: string) =>
    send<void>(`/teams/${at(id)}/invitations/${at(invitation)}`, { method: 'DELETE' }),
  usage: (id: string, month: string) => send<TeamUsage>(`/teams/${at(id)}/usage?month=${at(month)}`),
  generations: (id: string, cursor: string | null, limit = 24) =>
    send<Page<Generation>>(`/teams/${at(id)}/generations${page(limit, cursor)}`),
  look: (token: string) => send<Invited>('/invitations/look', { method: 'POST', body: { token } }),
  accept: (token: string) => send<Team>('/invitations/accept', { method: 'POST', body: { token } }),
};

/** Keys begin like that of the list, so that what makes it old makes these old, too. */
export const teamQueries = {
  one: (id: string) => queryOptions({ queryKey: ['teams', id], queryFn: () => teamApi.get(id) }),
  invitations: (id: string) =>
    queryOptions({ queryKey: ['teams', id, 'invitations'], queryFn: () => teamApi.invitations(id) }),
  usage: (id: string, month: string) =>
    queryOptions({
      queryKey: ['teams', id, 'usage', month],
      queryFn: () => teamApi.usage(id, month),
      placeholderData: keepPreviousData,
    }),
  generations: (id: string) =>
    infiniteQueryOptions({
      queryKey: ['teams', id, 'generations'],
      queryFn: ({ pageParam }) => teamApi.generations(id, pageParam),
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.next ?? undefined,
    }),
};
