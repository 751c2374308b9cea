// The calls of whoever is not signed in yet come with the doors.
import { queryOptions } from '@tanstack/react-query';
import { send } from '../api/client';
import type { Session, Status } from '../api/types';

export const doorApi = {
  status: () => send<Status>('/status'),
  signUp: (email: string, password: string) =>
    send<Session>('/signup', { method: 'POST', body: { email, password } }),
  signIn: (email: string, password: string) =>
    send<Session>('/signin', { method: 'POST', body: { email, password } }),
  claimOwner: (token: string, email: string, password: string) =>
    send<Session>('/owner', { method: 'POST', body: { token, email, password } }),
};

export const statusQuery = () =>
  queryOptions({ queryKey: ['status'], queryFn: doorApi.status, staleTime: 60_000 });
