import { ActionIcon, Button, Modal, Select, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconUserMinus } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { queries, useSession } from '../api/queries';
import type { Member, Team, TeamRole } from '../api/teamTypes';
import { tokens } from '../format/amount';
import { Ask } from '../shell/Ask';
import { teamApi } from './api';
import { givable, mayManage } from './rights';
import classes from './team.module.css';
import { parseTokens } from './usage';

/** Who is in the team, as what, and how much each used. */
export function Members({ team }: { team: Team }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data: session } = useSession();
  const [limiting, setLimiting] = useState<Member | null>(null);
  const [leaving, setLeaving] = useState<Member | null>(null);
  const reload = () => client.invalidateQueries({ queryKey: queries.teams().queryKey });
  const complain = (error: Error) =>
    notifications.show({ color: 'red', title: t('common.failed'), message: error.message });
  const change = useMutation({
    mutationFn: (c: { member: Member; role?: TeamRole; limit_mt?: number; no_limit?: boolean }) => {
      const { member, ...rest } = c;
      return teamApi.changeMember(team.id, member.account_id, rest);
    },
    onSuccess: () => setLimiting(null),
    onError: complain,
    onSettled: reload,
  });
  const remove = useMutation({
    mutationFn: (member: Member) => teamApi.removeMember(team.id, member.account_id),
    onSuccess: () => setLeaving(null),
    onError: complain,
    onSettled: reload,
  });
  const limitText = (m: Member) => (m.limit_mt === null ? t('team.no_limit') : `≤ ${tokens(m.limit_mt)}`);
  const me = session?.account.id;
  const seesUse = team.members.some((m) => m.used_mt !== null);
  return (
    <section className="panel" aria-labelledby="members-title">
      <h2 id="members-title">{t('team.members')}</h2>
      <ul className={classes.members}>
        {team.members.map((m) => {
          const manages = mayManage(team, m);
          const limits = team.may.includes('set_limits') && (team.role === 'owner' || manages);
          return (
            <li
              key={m.account_id}
              data-testid="member"
              data-email={m.email}
              data-used={m.used_mt ?? undefined}
            >
              <span className={classes.avatar} aria-hidden>
                {m.email.slice(0, 1).toUpperCase()}
              </span>
              <span className={classes.person}>
                <strong>
                  {m.email} {m.account_id === me && <em>({t('team.you')})</em>}
                </strong>
                {seesUse && m.used_mt !== null && (
                  <small>
                    {t('team.used')}: <span className="number">{tokens(m.used_mt)}</span>
                    {!limits && m.limit_mt !== null && ` / ${tokens(m.limit_mt)}`}
                  </small>
                )}
              </span>
              {limits && (
                <Button
                  variant="default"
                  size="compact-sm"
                  className={classes.limit}
                  aria-label={`${limitText(m)}, ${t('team.set_limit', { email: m.email })}`}
                  onClick={() => setLimiting(m)}
                >
                  {limitText(m)}
                </Button>
              )}
              {manages ? (
                <Select
                  aria-label={t('team.change_role', { email: m.email })}
                  className={classes.role}
                  size="sm"
                  allowDeselect={false}
                  data={givable(team).map((r) => ({ value: r, label: t(`team.role_${r}`) }))}
                  value={m.role}
                  disabled={change.isPending}
                  onChange={(role) =>
                    role && role !== m.role && change.mutate({ member: m, role: role as TeamRole })
                  }
                />
              ) : (
                <span className={classes.role}>{t(`team.role_${m.role}`)}</span>
              )}
              {manages ? (
                <Tooltip label={t('team.remove')}>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size={36}
                    aria-label={t('team.remove_named', { email: m.email })}
                    onClick={() => setLeaving(m)}
                  >
                    <IconUserMinus size={18} stroke={1.7} aria-hidden />
                  </ActionIcon>
                </Tooltip>
              ) : (
                <span className={classes.noAction} />
              )}
            </li>
          );
        })}
      </ul>
      {limiting && (
        <LimitDialog
          member={limiting}
          busy={change.isPending}
          onClose={() => setLimiting(null)}
          onSave={(limit) =>
            change.mutate(
              limit === null ? { member: limiting, no_limit: true } : { member: limiting, limit_mt: limit },
            )
          }
        />
      )}
      <Ask
        opened={leaving !== null}
        title={t('team.remove_title', { email: leaving?.email })}
        text={t('team.remove_text')}
        yes={t('team.remove')}
        busy={remove.isPending}
        onYes={() => leaving && remove.mutate(leaving)}
        onNo={() => setLeaving(null)}
      />
    </section>
  );
}

interface LimitProps {
  member: Member;
  busy: boolean;
  onClose: () => void;
  onSave: (limit_mt: number | null) => void;
}

function LimitDialog({ member, busy, onClose, onSave }: LimitProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(member.limit_mt === null ? '' : tokens(member.limit_mt));
  const limit = parseTokens(text);
  const bad = Number.isNaN(limit);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('team.limit_title', { email: member.email })}
      radius="lg"
      centered
    >
      <form
        onSubmit={(e: FormEvent) => {
          e.preventDefault();
          if (!bad) onSave(limit);
        }}
      >
        <p className={classes.note}>{t('team.limit_text')}</p>
        <TextInput
          mt="sm"
          label={t('team.limit_label')}
          placeholder={t('team.limit_none')}
          inputMode="decimal"
          value={text}
          data-autofocus
          onChange={(e) => setText(e.currentTarget.value)}
          error={bad ? t('team.limit_bad') : undefined}
        />
        <div className={classes.confirm}>
          <Button variant="default" onClick={() => onSave(null)} disabled={busy}>
            {t('team.limit_none')}
          </Button>
          <Button type="submit" loading={busy} disabled={bad || limit === null}>
            {t('team.save')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
