import '../wallet/words';
import { ActionIcon, Button, NumberInput, Skeleton, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAdjustments, IconKey, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import { queries } from '../api/queries';
import { tokens } from '../format/amount';
import { ago, day } from '../format/time';
import { Ask } from '../shell/Ask';
import { Failed } from '../shell/Failed';
import { usePageTitle } from '../shell/title';
import { type ApiKey, keyApi, keyQueries, type NewApiKey } from './api';
import { KeyTerms } from './KeyTerms';
import classes from './keys.module.css';
import { PaysWith } from './PaysWith';
import { ShownOnce } from './ShownOnce';

export function KeysPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  usePageTitle(t('shell.keys'));
  const { data, isError, refetch } = useQuery(keyQueries.all());
  const { data: teams } = useQuery(queries.teams());
  const [name, setName] = useState('');
  const [paysWith, setPaysWith] = useState('tokens');
  const [budget, setBudget] = useState<number | string>('');
  const [changing, setChanging] = useState<ApiKey | null>(null);
  const [fresh, setFresh] = useState<NewApiKey | null>(null);
  const [leaving, setLeaving] = useState<ApiKey | null>(null);

  const reload = () => client.invalidateQueries({ queryKey: keyQueries.all().queryKey });
  const create = useMutation({
    mutationFn: () =>
      keyApi.createKey({
        name: name.trim(),
        pays_with: paysWith,
        budget_mt: Math.round(Number(budget || 0) * 1000),
      }),
    onSuccess: (key) => {
      setFresh(key);
      setName('');
      setBudget('');
      void reload();
    },
  });
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => keyApi.revokeKey(key.id),
    onSuccess: () => {
      setLeaving(null);
      void reload();
    },
    onError: (error) =>
      notifications.show({ color: 'red', title: t('common.failed'), message: error.message }),
  });
  const paidBy = (key: ApiKey) => {
    const by = key.pays_with ?? 'tokens';
    if (by === 'tokens' || by === 'credits') return null; // what it has used says so
    const team = teams?.find((x) => `team:${x.id}` === by);
    return ` · ${team ? t('keys.pays_named', { team: team.name }) : t('keys.pays_other')}`;
  };
  const refused = create.error instanceof ApiError ? create.error : null;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (name.trim()) create.mutate();
  };

  return (
    <div className="page">
      <header>
        <h1>{t('keys.title')}</h1>
        <p>{t('keys.text')}</p>
      </header>
      <section className="panel" aria-labelledby="new-key">
        <h2 id="new-key">{t('keys.create_title')}</h2>
        <form onSubmit={submit} className={classes.form}>
          <TextInput
            label={t('keys.name')}
            placeholder={t('keys.name_hint')}
            value={name}
            maxLength={80}
            onChange={(e) => setName(e.currentTarget.value)}
            error={
              refused && (refused.field('name') ?? (refused.fields.length ? undefined : refused.message))
            }
          />
          <PaysWith
            value={paysWith}
            teams={teams ?? []}
            error={refused?.field('pays_with')}
            onChange={setPaysWith}
          />
          <NumberInput
            label={t('keys.budget')}
            placeholder={t('keys.budget_none')}
            value={budget}
            onChange={setBudget}
            min={0}
            decimalScale={3}
            allowNegative={false}
            thousandSeparator=","
            hideControls
            aria-description={t('keys.budget_hint')}
            error={refused?.field('budget_mt')}
          />
          <Button type="submit" loading={create.isPending} disabled={!name.trim()}>
            {t('keys.create')}
          </Button>
        </form>
      </section>
      <section className="panel" aria-labelledby="all-keys">
        <h2 id="all-keys">{t('keys.list')}</h2>
        {isError && !data && <Failed text={t('keys.failed_to_load')} onRetry={() => void refetch()} />}
        {!data && !isError && <Skeleton height={72} mt={14} radius={12} />}
        {data?.length === 0 && (
          <div className={classes.none}>
            <IconKey size={26} stroke={1.5} aria-hidden />
            <p>{t('keys.empty')}</p>
          </div>
        )}
        {data && data.length > 0 && (
          <ul className={classes.list}>
            {data.map((key) => (
              <li key={key.id} data-key={key.id}>
                <span>
                  <strong>{key.name}</strong>
                  <small>
                    {t('keys.created', { day: day(key.created_at) })} ·{' '}
                    {key.last_used_at
                      ? t('keys.used', { ago: ago(key.last_used_at, Date.now()) })
                      : t('keys.unused')}
                    {paidBy(key)}
                  </small>
                  <Used apiKey={key} />
                </span>
                <code>{key.prefix}…</code>
                <Tooltip label={t('keys.edit')}>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size={36}
                    aria-label={t('keys.edit_named', { name: key.name })}
                    onClick={() => setChanging(key)}
                  >
                    <IconAdjustments size={18} stroke={1.7} aria-hidden />
                  </ActionIcon>
                </Tooltip>
                <Tooltip label={t('keys.revoke')}>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size={36}
                    aria-label={t('keys.revoke_named', { name: key.name })}
                    onClick={() => setLeaving(key)}
                  >
                    <IconTrash size={18} stroke={1.7} aria-hidden />
                  </ActionIcon>
                </Tooltip>
              </li>
            ))}
          </ul>
        )}
      </section>
      <KeyTerms apiKey={changing} teams={teams ?? []} onClose={() => setChanging(null)} onKept={reload} />
      <ShownOnce
        secret={fresh?.key ?? null}
        title={t('keys.fresh_title')}
        text={t('keys.fresh_text')}
        done={t('keys.fresh_done')}
        testid="new-key"
        onClose={() => setFresh(null)}
      />
      <Ask
        opened={leaving !== null}
        title={t('keys.revoke_title', { name: leaving?.name })}
        text={t('keys.revoke_text')}
        yes={t('keys.revoke')}
        busy={revoke.isPending}
        onYes={() => leaving && revoke.mutate(leaving)}
        onNo={() => setLeaving(null)}
      />
    </div>
  );
}

/** What the key has used this month, of how much. */
function Used({ apiKey: k }: { apiKey: ApiKey }) {
  const { t } = useTranslation();
  const bound = k.budget_mt > 0;
  const part = bound ? Math.min(1, k.used_mt / k.budget_mt) : 0;
  return (
    <>
      <small data-testid="used" data-mt={k.used_mt}>
        {t(`keys.${bound ? 'terms' : 'free'}_${k.pays_with === 'credits' ? 'credits' : 'tokens'}`, {
          used: tokens(k.used_mt),
          budget: tokens(k.budget_mt),
        })}
      </small>
      {bound && (
        <span className={classes.meter} aria-hidden>
          <span style={{ width: `${part * 100}%` }} data-full={part >= 1 || undefined} />
        </span>
      )}
    </>
  );
}
