import { Button, Skeleton } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Door } from '../account/Door';
import { ApiError } from '../api/errors';
import { queries } from '../api/queries';
import type { Session } from '../api/types';
import { useTokens } from '../format/useTokens';
import { Failed } from '../shell/Failed';
import { teamApi } from './api';
import classes from './team.module.css';
import './words';

const slot = 'bottega.invitation';

/** The secret of the link, also after the way through the sign-in: it leaves the address bar at once. */
function takeToken(): string {
  const fresh = window.location.hash.slice(1);
  try {
    if (fresh) sessionStorage.setItem(slot, fresh);
    return fresh || (sessionStorage.getItem(slot) ?? '');
  } catch {
    return fresh;
  }
}

/** Where an invitation leads. */
export function JoinPage() {
  const { t } = useTranslation();
  const [token] = useState(takeToken);
  useEffect(() => {
    if (window.location.hash) window.history.replaceState(window.history.state, '', '/join');
  }, []);
  const session = useQuery({ ...queries.session(), retry: false });
  const stranger = session.error instanceof ApiError && session.error.status === 401;
  return (
    <Door title={t('team.join_title')} text={t('team.join_text')}>
      {!token ? (
        <p role="alert">{t('team.join_incomplete')}</p>
      ) : stranger ? (
        <div className={classes.joinWays}>
          <Button component={Link} to="/signin" search={{ next: '/join' } as never} size="md" fullWidth>
            {t('team.join_sign_in')}
          </Button>
          <Button
            component={Link}
            to="/signup"
            search={{ next: '/join' } as never}
            size="md"
            variant="default"
            fullWidth
          >
            {t('team.join_sign_up')}
          </Button>
        </div>
      ) : session.data ? (
        <Offer token={token} session={session.data} />
      ) : session.isError ? (
        <Failed text={session.error.message} onRetry={() => void session.refetch()} />
      ) : (
        <Skeleton height={120} radius={12} />
      )}
    </Door>
  );
}

function Offer({ token, session }: { token: string; session: Session }) {
  const { t } = useTranslation();
  const worded = useTokens();
  const client = useQueryClient();
  const navigate = useNavigate();
  const look = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => teamApi.look(token),
    retry: false,
    staleTime: 60_000,
  });
  const join = useMutation({
    mutationFn: () => teamApi.accept(token),
    onSuccess: (team) => {
      sessionStorage.removeItem(slot);
      void client.invalidateQueries({ queryKey: queries.teams().queryKey });
      void navigate({ to: '/teams/$id', params: { id: team.id } });
    },
  });
  if (look.isPending) return <Skeleton height={120} radius={12} />;
  if (look.isError)
    return look.error instanceof ApiError && look.error.status === 404 ? (
      <p role="alert">{t('team.join_gone')}</p>
    ) : (
      <Failed text={look.error.message} onRetry={() => void look.refetch()} />
    );
  const i = look.data;
  return (
    <div className={classes.offer}>
      <p className="soft">{t('team.join_invited', { email: i.invited_by })}</p>
      <p className={classes.offerName} data-testid="invited-to">
        {i.team_name}
      </p>
      <p>
        {t('team.join_role', { role: t(`team.role_${i.role}`) })}: {t(`team.role_${i.role}_hint`)}
        {i.limit_mt !== null && `, ${t('team.join_limit', { limit: worded(i.limit_mt) })}`}
      </p>
      {i.member ? (
        <>
          <p>{t('team.join_member')}</p>
          <Button component={Link} to="/teams/$id" params={{ id: i.team_id } as never} size="md" fullWidth>
            {t('team.join_open')}
          </Button>
        </>
      ) : i.for_you ? (
        <>
          <Button size="md" fullWidth loading={join.isPending} onClick={() => join.mutate()}>
            {t('team.join')}
          </Button>
          {join.error && (
            <p role="alert" className="problem">
              {join.error.message}
            </p>
          )}
        </>
      ) : (
        <p role="alert">{t('team.join_not_for_you', { email: session.account.email })}</p>
      )}
      <p className="soft">{t('team.join_as', { email: session.account.email })}</p>
    </div>
  );
}
