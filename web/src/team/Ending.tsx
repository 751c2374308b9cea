import { Button, Modal, Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { queries } from '../api/queries';
import type { Team } from '../api/teamTypes';
import { teamApi, teamQueries } from './api';
import classes from './team.module.css';

type What = 'leave' | 'transfer' | 'dissolve';

/** Leaving, handing over, dissolving: each asks once more. */
export function Ending({ team }: { team: Team }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<What | null>(null);
  const [heir, setHeir] = useState<string | null>(null);
  const [typed, setTyped] = useState('');
  const heirs = team.members.filter((m) => m.role !== 'owner' && m.role !== 'billing');
  const close = () => {
    setAsking(null);
    setTyped('');
    act.reset();
  };
  const act = useMutation({
    mutationFn: (what: What) => {
      if (what === 'leave') return teamApi.leave(team.id);
      if (what === 'dissolve') return teamApi.dissolve(team.id);
      return teamApi.transfer(team.id, heir ?? '');
    },
    onSuccess: async (_, what) => {
      if (what === 'leave') {
        await navigate({ to: '/teams' });
        client.removeQueries({ queryKey: teamQueries.one(team.id).queryKey });
        void client.invalidateQueries({ queryKey: queries.generations().queryKey });
      }
      await client.invalidateQueries({ queryKey: queries.teams().queryKey });
      setAsking(null);
    },
  });
  if (!team.may.some((a) => a === 'leave' || a === 'transfer' || a === 'dissolve')) return null;
  const email = heirs.find((m) => m.account_id === heir)?.email;
  return (
    <section className="panel" aria-labelledby="end-title">
      <h2 id="end-title">{t(team.may.includes('leave') ? 'team.end_leave' : 'team.end_owner')}</h2>
      {team.may.includes('transfer') && (
        <div className={classes.handOver}>
          {heirs.length > 0 ? (
            <>
              <Select
                label={t('team.transfer_label')}
                data={heirs.map((m) => ({ value: m.account_id, label: m.email }))}
                value={heir}
                onChange={setHeir}
              />
              <Button variant="default" disabled={!email} onClick={() => setAsking('transfer')}>
                {t('team.transfer')}
              </Button>
            </>
          ) : (
            <p className={classes.note}>{t('team.transfer_none')}</p>
          )}
        </div>
      )}
      <div className={classes.endings}>
        {team.may.includes('leave') && (
          <Button variant="default" onClick={() => setAsking('leave')}>
            {t('team.leave')}
          </Button>
        )}
        {team.may.includes('dissolve') && (
          <Button variant="default" c="var(--b-danger)" onClick={() => setAsking('dissolve')}>
            {t('team.dissolve')}
          </Button>
        )}
      </div>
      <Modal
        opened={asking !== null}
        onClose={close}
        title={asking ? t(`team.${asking}_title`, { team: team.name, email }) : ''}
        radius="lg"
        centered
      >
        {asking && <p>{t(`team.${asking}_text`)}</p>}
        {asking === 'dissolve' && (
          <TextInput
            mt="sm"
            label={t('team.dissolve_label')}
            value={typed}
            data-autofocus
            onChange={(e) => setTyped(e.currentTarget.value)}
          />
        )}
        {act.error && (
          <p role="alert" className="problem">
            {act.error.message}
          </p>
        )}
        <div className={classes.confirm}>
          <Button variant="default" onClick={close}>
            {t('team.cancel')}
          </Button>
          <Button
            color={asking === 'transfer' ? undefined : 'red.8'}
            loading={act.isPending}
            disabled={asking === 'dissolve' && typed.trim() !== team.name}
            onClick={() => asking && act.mutate(asking)}
          >
            {asking && t(`team.${asking}`)}
          </Button>
        </div>
      </Modal>
    </section>
  );
}
