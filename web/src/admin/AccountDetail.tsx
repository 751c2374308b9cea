import { Button, NativeSelect, SegmentedControl, Skeleton, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import { tokens } from '../format/amount';
import { dayTime } from '../format/time';
import { Failed } from '../shell/Failed';
import { Deed } from './AuditLog';
import classes from './admin.module.css';
import { type AdminAccount, adminApi, adminQueries } from './api';
import { Facts } from './Facts';
import { Reason } from './Reason';
import { parseAmount } from './say';
import { useAct } from './useAct';

/** One account, and what the operator may do for it and to it. */
export function AccountDetail({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data: a, error, refetch } = useQuery(adminQueries.account(id));
  if (!a)
    return error ? (
      <Failed text={error.message} onRetry={() => void refetch()} />
    ) : (
      <Skeleton height={280} radius={12} />
    );
  return (
    <div className={classes.detail}>
      <h3 className={classes.email}>{a.email}</h3>
      <Facts
        of={[
          [t('admin.plan'), a.plan_title],
          [
            t('admin.tokens'),
            `${tokens(a.available_mt)} · ${t('admin.n_held', { amount: tokens(a.held_mt) })}`,
          ],
          [t('admin.credits'), tokens(a.credits_mt)],
          [
            t('admin.in_line'),
            <Link
              key="w"
              className="link"
              to="/admin/{-$tab}"
              params={{ tab: 'work' }}
              search={{ account: a.id, state: 'all' }}
            >
              {`${t('admin.n_running', { count: a.running })} · ${t('admin.n_waiting', { count: a.waiting + a.kept })}`}
            </Link>,
          ],
          [t('admin.since'), dayTime(a.created_at)],
        ]}
      />
      <Stopping a={a} />
      <Rate a={a} />
      <Gift a={a} />
      <Plan a={a} />
      <Recent id={a.id} />
    </div>
  );
}

function Stopping({ a }: { a: AdminAccount }) {
  const { t } = useTranslation();
  const stop = useAct((reason: string) => adminApi.stop(a.id, reason), undefined, true);
  const resume = useAct(() => adminApi.resume(a.id));
  return (
    <section className={classes.deed} data-on={a.stopped !== '' || undefined}>
      <h3>{t('admin.stop_title')}</h3>
      {a.stopped ? (
        <>
          <p data-testid="stopped-for">{t('admin.stopped_for', { reason: a.stopped })}</p>
          <Button loading={resume.isPending} onClick={() => resume.mutate(undefined)} data-testid="let-go">
            {t('admin.let_go')}
          </Button>
        </>
      ) : (
        <>
          <p>{t('admin.stop_text')}</p>
          <Reason
            label={t('admin.reason_owner')}
            yes={t('admin.stop')}
            danger
            busy={stop.isPending}
            error={stop.error}
            testid="stop"
            onYes={(reason) => stop.mutate(reason)}
          />
        </>
      )}
    </section>
  );
}

const rates = ['0.25', '0.5', '1', '2', '4'];
const lasts = { hour: 3600, day: 86_400, week: 7 * 86_400, good: 0 } as const;
type Lasts = keyof typeof lasts;

function Rate({ a }: { a: AdminAccount }) {
  const { t } = useTranslation();
  const [span, setSpan] = useState<Lasts>('day');
  const set = useAct((times: number) => adminApi.setRate(a.id, times, times === 1 ? 0 : lasts[span]));
  const known = rates.includes(String(a.times));
  return (
    <section className={classes.deed}>
      <h3>{t('admin.rate_title')}</h3>
      <p>
        {a.times === 1
          ? t('admin.rate_text')
          : a.times_until
            ? t('admin.rate_until', { times: a.times, when: dayTime(a.times_until) })
            : t('admin.rate_good', { times: a.times })}
      </p>
      <div className={classes.inline}>
        <SegmentedControl
          aria-label={t('admin.rate_title')}
          value={known ? String(a.times) : '1'}
          disabled={set.isPending}
          onChange={(v) => set.mutate(Number(v))}
          data={rates.map((r) => ({ value: r, label: `× ${r.replace('0.25', '¼').replace('0.5', '½')}` }))}
          data-testid="rate"
        />
        <NativeSelect
          aria-label={t('admin.lasts')}
          value={span}
          onChange={(e) => setSpan(e.currentTarget.value as Lasts)}
          data={(Object.keys(lasts) as Lasts[]).map((l) => ({ value: l, label: t(`admin.lasts_${l}`) }))}
        />
      </div>
    </section>
  );
}

function Gift({ a }: { a: AdminAccount }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [unit, setUnit] = useState<'tokens' | 'credits'>('tokens');
  // One reference for one form: pressed twice, it gives once.
  const [ref, setRef] = useState(() => crypto.randomUUID());
  const amount = parseAmount(text);
  const give = useAct(
    (reason: string) => adminApi.grant(a.id, { unit, amount_mt: amount ?? 0, reason, ref }),
    () => {
      notifications.show({
        message: t('admin.given', { amount: text, email: a.email }),
      });
      setText('');
      setRef(crypto.randomUUID());
    },
    true,
  );
  return (
    <section className={classes.deed}>
      <h3>{t('admin.gift_title')}</h3>
      <Reason
        label={t('admin.reason_journal')}
        yes={t('admin.give')}
        busy={give.isPending}
        error={give.error}
        disabled={amount === null}
        testid="give"
        onYes={(reason) => give.mutate(reason)}
      >
        <div className={classes.inline}>
          <TextInput
            label={t('admin.amount')}
            value={text}
            inputMode="decimal"
            onChange={(e) => setText(e.currentTarget.value)}
            error={
              give.error instanceof ApiError
                ? give.error.field('amount_mt')
                : text && amount === null
                  ? t('admin.amount_bad')
                  : undefined
            }
          />
          <NativeSelect
            label={t('admin.unit')}
            value={unit}
            onChange={(e) => setUnit(e.currentTarget.value as typeof unit)}
            data={[
              { value: 'tokens', label: t('admin.tokens') },
              { value: 'credits', label: t('admin.credits') },
            ]}
          />
        </div>
      </Reason>
    </section>
  );
}

const plans = ['free', 'apprentice', 'artisan', 'maestro', 'operator'];

function Plan({ a }: { a: AdminAccount }) {
  const { t } = useTranslation();
  const [plan, setPlan] = useState(a.plan);
  const set = useAct((reason: string) => adminApi.setPlan(a.id, plan, reason), undefined, true);
  return (
    <section className={classes.deed}>
      <h3>{t('admin.plan_title')}</h3>
      <p>{t('admin.plan_text')}</p>
      <Reason
        label={t('admin.reason')}
        yes={t('admin.set_plan')}
        busy={set.isPending}
        error={set.error}
        disabled={plan === a.plan}
        testid="set-plan"
        onYes={(reason) => set.mutate(reason)}
      >
        <NativeSelect
          label={t('admin.plan')}
          value={plan}
          onChange={(e) => setPlan(e.currentTarget.value)}
          data={(plans.includes(a.plan) ? plans : [a.plan, ...plans]).map((p) => ({
            value: p,
            label: p.charAt(0).toUpperCase() + p.slice(1),
          }))}
        />
      </Reason>
    </section>
  );
}

/** What was done to the account before. */
function Recent({ id }: { id: string }) {
  const { t } = useTranslation();
  const lines = useInfiniteQuery(adminQueries.audit(id)).data?.pages[0]?.items.slice(0, 8) ?? [];
  if (lines.length === 0) return null;
  return (
    <section className={classes.deed}>
      <h3>{t('admin.tab_audit')}</h3>
      <ul className={classes.log}>
        {lines.map((l) => (
          <Deed key={l.id} line={l} own />
        ))}
      </ul>
    </section>
  );
}
