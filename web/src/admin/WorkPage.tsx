import { Drawer, NativeSelect, SegmentedControl, UnstyledButton } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useModels } from '../api/queries';
import { Paged } from '../shell/Paged';
import { usePhone } from '../shell/usePhone';
import classes from './admin.module.css';
import { adminQueries, type Work, type WorkFilter } from './api';
import { lasting, since } from './say';
import { WorkDetail } from './WorkDetail';

const states = ['open', 'slow', 'failed', 'all'] as const;
const spans = { hour: 3600, day: 86_400, week: 7 * 86_400, ever: 0 } as const;
type Span = keyof typeof spans;

/** From so many seconds on, work is slow. */
const SLOW = 30;

/** How long a run took, or takes; null before it began. */
export function ran(w: Work, now: number): number | null {
  if (!w.started_at) return null;
  const end = w.finished_at ? Date.parse(w.finished_at) : now;
  return (end - Date.parse(w.started_at)) / 1000;
}

/** Everybody's work: what is open, slow or failed, and why. What it shows is private and not here. */
export function WorkPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const search = useSearch({ from: '/studio/admin/{-$tab}' });
  const [span, setSpan] = useState<Span>('day');
  const [model, setModel] = useState('');
  const [open, setOpen] = useState<Work | null>(null);
  const phone = usePhone();
  const models = useModels().data ?? [];
  const state = search.state ?? 'open';
  // Rounded, so that the same question keeps its name while the clock runs.
  const from = useMemo(
    () =>
      spans[span]
        ? new Date(Math.floor(Date.now() / 60_000 - spans[span] / 60) * 60_000).toISOString()
        : undefined,
    [span],
  );
  const filter: WorkFilter = {
    state: state === 'all' || state === 'slow' ? undefined : state,
    slower: state === 'slow' ? SLOW : undefined,
    code: search.code,
    account: search.account,
    model: model || undefined,
    from,
  };
  const query = useInfiniteQuery(adminQueries.work(filter));
  const rows = query.data?.pages.flatMap((p) => p.items) ?? [];
  const shown = open && (rows.find((w) => w.id === open.id) ?? open);
  const set = (change: typeof search) =>
    void navigate({
      to: '/admin/{-$tab}',
      params: { tab: 'work' },
      search: { ...search, ...change },
      replace: true,
    });
  const listed = states.find((s) => s === state);
  return (
    <section className="panel" aria-labelledby="work-title">
      <div className={classes.tools}>
        <h2 id="work-title">{t('admin.tab_work')}</h2>
        <SegmentedControl
          size="sm"
          aria-label={t('admin.state')}
          value={listed ?? state}
          onChange={(s) => set({ state: s, code: undefined })}
          data={[
            ...states.map((s) => ({ value: s, label: t(`admin.filter_${s}`) })),
            ...(listed ? [] : [{ value: state, label: t(`admin.state_${state as Work['state']}`) }]),
          ]}
        />
        <NativeSelect
          size="sm"
          aria-label={t('admin.when')}
          value={span}
          onChange={(e) => setSpan(e.currentTarget.value as Span)}
          data={(Object.keys(spans) as Span[]).map((s) => ({ value: s, label: t(`admin.span_${s}`) }))}
        />
        <NativeSelect
          size="sm"
          aria-label={t('admin.model')}
          value={model}
          onChange={(e) => setModel(e.currentTarget.value)}
          data={[
            { value: '', label: t('admin.any_model') },
            ...models.map((m) => ({ value: m.name, label: m.title })),
          ]}
        />
      </div>
      <div className={classes.chips}>
        {search.code && <Chip text={search.code} onClear={() => set({ code: undefined })} />}
        {search.account && (
          <Chip text={<Named account={search.account} />} onClear={() => set({ account: undefined })} />
        )}
      </div>
      <Paged
        query={query}
        none={rows.length === 0}
        empty={t('admin.work_none')}
        failed={query.error?.message ?? t('admin.failed_to_load')}
        more={t('admin.more')}
      >
        <ul className={classes.list} data-testid="work-list" aria-busy={query.isPlaceholderData}>
          {rows.map((w) => (
            <li key={w.id}>
              <Row w={w} onOpen={() => setOpen(w)} />
            </li>
          ))}
        </ul>
      </Paged>
      <Drawer
        opened={shown !== null}
        onClose={() => setOpen(null)}
        position={phone ? 'bottom' : 'right'}
        size={phone ? '88%' : 460}
        title={t('admin.work_title')}
      >
        {shown && <WorkDetail w={shown} onDone={() => setOpen(null)} />}
      </Drawer>
    </section>
  );
}

function Named({ account }: { account: string }) {
  const { data } = useQuery(adminQueries.account(account));
  return <>{data?.email ?? '…'}</>;
}

function Chip({ text, onClear }: { text: React.ReactNode; onClear: () => void }) {
  const { t } = useTranslation();
  return (
    <button type="button" className={classes.chip} onClick={onClear} title={t('admin.clear')}>
      {text} <IconX size={14} stroke={2} aria-label={t('admin.clear')} />
    </button>
  );
}

function Row({ w, onOpen }: { w: Work; onOpen: () => void }) {
  const { t } = useTranslation();
  const now = Date.now();
  const took = ran(w, now);
  const facts = [
    t('admin.asked', { time: since(w.created_at, now) }),
    took !== null && t(w.finished_at ? 'admin.took' : 'admin.takes', { time: lasting(took) }),
    w.attempts > 1 && t('admin.attempts', { count: w.attempts }),
  ].filter(Boolean);
  return (
    <UnstyledButton
      className={classes.item}
      onClick={onOpen}
      data-testid="work"
      data-state={w.state}
      data-id={w.id}
    >
      <span className={classes.dot} data-state={w.state} aria-hidden />
      <span className={classes.main}>
        <strong>
          {t(`admin.state_${w.state}`)}
          {w.failure && <code>{w.failure.code}</code>}
          {w.stopped && <code>{t(`admin.stopped_${w.stopped}`)}</code>}
          {w.paused && <code>{t('admin.kept_back')}</code>}
        </strong>
        <small>{w.email}</small>
      </span>
      <span className={classes.side}>
        <span>
          {w.model} × {w.pictures}
        </span>
        <small className="number">{facts.join(' · ')}</small>
      </span>
    </UnstyledButton>
  );
}
