import { ActionIcon, Button, Select, Skeleton, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import type { Invitation, InvitationRequest, Team } from '../api/teamTypes';
import { tokens } from '../format/amount';
import { day } from '../format/time';
import { ShownOnce } from '../keys/ShownOnce';
import { Failed } from '../shell/Failed';
import { teamApi, teamQueries } from './api';
import { givable } from './rights';
import classes from './team.module.css';
import { parseTokens } from './usage';

/** Letting people in: a form that makes a link, and the links that are open. */
export function Invitations({ team }: { team: Team }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<InvitationRequest['role']>('member');
  const [limit, setLimit] = useState('');
  const [link, setLink] = useState<string | null>(null);
  const [mailedTo, setMailedTo] = useState<string | null>(null);
  const list = useQuery(teamQueries.invitations(team.id));
  const reload = () => client.invalidateQueries({ queryKey: teamQueries.invitations(team.id).queryKey });
  const limit_mt = parseTokens(limit);
  const badLimit = Number.isNaN(limit_mt);
  const full = team.taken >= team.seats && role !== 'billing';

  const invite = useMutation({
    mutationFn: () =>
      teamApi.invite(team.id, {
        role,
        ...(email.trim() ? { email: email.trim() } : {}),
        ...(limit_mt === null ? {} : { limit_mt }),
      }),
    onSuccess: (made) => {
      setLink(`${window.location.origin}/join#${made.token}`);
      setMailedTo(made.mailed ? made.email : null);
      setEmail('');
      setLimit('');
      void reload();
    },
  });
  const revoke = useMutation({
    mutationFn: (i: Invitation) => teamApi.revoke(team.id, i.id),
    onError: (error) =>
      notifications.show({ color: 'red', title: t('common.failed'), message: error.message }),
    onSettled: reload,
  });
  const refused = invite.error instanceof ApiError ? invite.error : null;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!badLimit) invite.mutate();
  };

  return (
    <section className="panel" aria-labelledby="invite-title">
      <h2 id="invite-title">{t('team.invite_title')}</h2>
      <form onSubmit={submit} className={classes.invite} noValidate>
        <TextInput
          label={t('team.email')}
          placeholder={t('team.email_hint')}
          type="email"
          value={email}
          onChange={(e) => setEmail(e.currentTarget.value)}
          error={refused?.field('email')}
        />
        <Select
          label={t('team.role')}
          allowDeselect={false}
          data={givable(team).map((r) => ({ value: r, label: t(`team.role_${r}`) }))}
          value={role}
          onChange={(r) => r && setRole(r as InvitationRequest['role'])}
        />
        <TextInput
          label={t('team.limit_optional')}
          placeholder={t('team.limit_none')}
          inputMode="decimal"
          value={limit}
          onChange={(e) => setLimit(e.currentTarget.value)}
          error={badLimit ? t('team.limit_bad') : refused?.field('limit_mt')}
        />
        <Button type="submit" loading={invite.isPending} disabled={full || badLimit}>
          {t('team.invite')}
        </Button>
      </form>
      <p className={classes.note}>
        {full ? t('team.no_seat') : `${t(`team.role_${role}`)}: ${t(`team.role_${role}_hint`)}`}
      </p>
      {refused && refused.fields.length === 0 && (
        <p role="alert" className="problem">
          {refused.message}
        </p>
      )}
      {list.isPending && <Skeleton height={48} mt={12} radius={12} />}
      {list.isError && <Failed text={t('team.invitations_failed')} onRetry={() => void list.refetch()} />}
      {list.data && list.data.length > 0 && (
        <>
          <h3 className={classes.subtitle}>{t('team.open_invitations')}</h3>
          <ul className={classes.invitations}>
            {list.data.map((i) => (
              <li key={i.id} data-testid="invitation">
                <span className={classes.person}>
                  <strong>{i.email ?? t('team.anybody')}</strong>
                  <small>
                    {t(`team.role_${i.role}`)}
                    {i.limit_mt !== null && `, ≤ ${tokens(i.limit_mt)}`} ·{' '}
                    {t('team.invited_by', { email: i.invited_by })} ·{' '}
                    {t('team.expires', { day: day(i.expires_at) })}
                  </small>
                </span>
                <Tooltip label={t('team.revoke')}>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size={36}
                    aria-label={t('team.revoke_named', { who: i.email ?? t('team.anybody') })}
                    loading={revoke.isPending && revoke.variables?.id === i.id}
                    onClick={() => revoke.mutate(i)}
                  >
                    <IconTrash size={18} stroke={1.7} aria-hidden />
                  </ActionIcon>
                </Tooltip>
              </li>
            ))}
          </ul>
        </>
      )}
      <ShownOnce
        secret={link}
        title={t('team.link_title')}
        text={mailedTo ? t('team.link_mailed', { email: mailedTo }) : t('team.link_text')}
        done={t('team.link_done')}
        testid="invite-link"
        onClose={() => setLink(null)}
      />
    </section>
  );
}
