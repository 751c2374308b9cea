import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  MouseSensor,
  TouchSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from '@dnd-kit/sortable';
import { CSS } from '@dnd-kit/utilities';
import { Drawer, Skeleton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconGripVertical, IconPlayerPause, IconPlayerPlay, IconX, IconZzz } from '@tabler/icons-react';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { applyGeneration } from '../api/events';
import { moneyQueries } from '../api/money';
import { useLine } from '../api/queries';
import type { Generation } from '../api/types';
import { useTokens } from '../format/useTokens';
import { Act } from '../gallery/Act';
import { Failed } from '../shell/Failed';
import { usePhone } from '../shell/usePhone';
import { lineApi } from './api';
import { before, moved, type Rows, rowsOf } from './arrange';
import classes from './line.module.css';
import { Waiting } from './Waiting';

const waiting = queryOptions({
  queryKey: ['line', 'waiting'],
  queryFn: lineApi.waiting,
  refetchInterval: 4000,
});

/** All that waits, to be put into another order by hand, by touch or with the keyboard. */
export function Arrange({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const phone = usePhone();
  const line = useLine().data;
  const { data, error, refetch } = useQuery(waiting);
  const mine = useQuery(moneyQueries.plans('tokens')).data?.find((p) => p.current);
  // What starts, ends or is asked for elsewhere changes the list.
  const told = line && `${line.running}/${line.waiting}/${line.kept}/${line.paused}`;
  useEffect(() => {
    if (told) void client.invalidateQueries({ queryKey: waiting.queryKey });
  }, [told, client]);
  return (
    <Drawer
      opened
      onClose={onClose}
      position={phone ? 'bottom' : 'right'}
      size={phone ? '88%' : 480}
      title={t('line.arrange_title')}
    >
      {error && !data ? (
        <Failed text={error.message} onRetry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={180} radius={12} />
      ) : data.length === 0 ? (
        <p className="aside">{t('line.arrange_none')}</p>
      ) : (
        <>
          <p className={classes.hint}>{t('line.arrange_hint')}</p>
          {rowsOf(data).map((rows) => (
            <Section key={rows.key} rows={rows} relaxes={mine?.relaxed === true} />
          ))}
        </>
      )}
    </Drawer>
  );
}

function Section({ rows, relaxes }: { rows: Rows; relaxes: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [order, setOrder] = useState(rows.items);
  useEffect(() => setOrder(rows.items), [rows.items]);
  const move = useMutation<void, Error, { id: string; before: string }>({
    mutationFn: (m) => api.move(m.id, m.before),
    onError: (error) =>
      notifications.show({
        color: 'red',
        title: t('common.failed'),
        message: error.message,
      }),
    onSettled: () => client.invalidateQueries({ queryKey: waiting.queryKey }),
  });
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 5 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 160, tolerance: 8 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const dropped = ({ active, over }: DragEndEvent) => {
    if (!over || active.id === over.id) return;
    const next = moved(order, String(active.id), String(over.id));
    setOrder(next);
    move.mutate({ id: String(active.id), before: before(next, String(active.id)) });
  };
  const place = (id: string | number) => order.findIndex((g) => g.id === id) + 1;
  const say = (key: 'line.drag_over' | 'line.drag_end', id: string | number, over?: string | number) =>
    t(key, {
      name: order.find((g) => g.id === id)?.prompt ?? '',
      place: place(over ?? id),
      count: order.length,
    });
  return (
    <section className={classes.section} aria-label={t(`line.lane_${rows.lane ?? 'fast'}`)}>
      <h3>{t(`line.lane_${rows.lane ?? 'fast'}`)}</h3>
      <DndContext
        sensors={sensors}
        collisionDetection={closestCenter}
        onDragEnd={dropped}
        accessibility={{
          screenReaderInstructions: { draggable: t('line.drag_help') },
          announcements: {
            onDragStart: ({ active }) => say('line.drag_over', active.id),
            onDragOver: ({ active, over }) => say('line.drag_over', active.id, over?.id),
            onDragEnd: ({ active, over }) => say('line.drag_end', active.id, over?.id),
            onDragCancel: () => t('line.drag_cancelled'),
          },
        }}
      >
        <SortableContext items={order.map((g) => g.id)} strategy={verticalListSortingStrategy}>
          <ol className={classes.order} data-testid="order">
            {order.map((g) => (
              <Row
                key={g.id}
                g={g}
                alone={order.length < 2}
                relaxes={g.lane !== 'relaxed' && (relaxes || !!g.team_id)}
              />
            ))}
          </ol>
        </SortableContext>
      </DndContext>
    </section>
  );
}

function Row({ g, alone, relaxes }: { g: Generation; alone: boolean; relaxes: boolean }) {
  const { t } = useTranslation();
  const worded = useTokens();
  const client = useQueryClient();
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, transform, transition, isDragging } =
    useSortable({ id: g.id, disabled: alone });
  const act = useMutation<unknown, Error, () => Promise<unknown>>({
    mutationFn: (what) => what(),
    onError: (error) =>
      notifications.show({
        color: 'red',
        title: t('common.failed'),
        message: error.message,
      }),
    onSettled: () => client.invalidateQueries({ queryKey: ['line'] }),
  });
  const cancel = async () => applyGeneration(client, await api.cancel(g.id));
  const relax = async () => {
    const told = await lineApi.relax(g.id);
    applyGeneration(client, told);
    notifications.show({
      message: t('line.relaxed', { price: worded(g.price_mt) }),
    });
  };
  return (
    <li
      ref={setNodeRef}
      className={classes.item}
      style={{ transform: CSS.Translate.toString(transform), transition }}
      data-dragging={isDragging || undefined}
      data-testid="waiting"
      data-id={g.id}
    >
      <button
        type="button"
        ref={setActivatorNodeRef}
        className={classes.grip}
        {...attributes}
        {...listeners}
        disabled={alone}
        aria-label={t('line.drag', { name: g.prompt })}
      >
        <IconGripVertical size={18} stroke={1.8} aria-hidden />
      </button>
      <span className={classes.what}>
        <strong title={g.prompt}>{g.prompt || t('line.wordless')}</strong>
        <small>{`${g.width}×${g.height} × ${g.count} · ${worded(g.price_mt)}`}</small>
        <small>
          <Waiting g={g} />
        </small>
      </span>
      <span className={classes.itemActs}>
        <Act
          label={g.paused ? t('line.let_go') : t('line.keep_back')}
          onClick={() => act.mutate(() => api.keepBack(g.id, !g.paused))}
        >
          {g.paused ? (
            <IconPlayerPlay size={17} stroke={1.8} aria-hidden />
          ) : (
            <IconPlayerPause size={17} stroke={1.8} aria-hidden />
          )}
        </Act>
        {relaxes && (
          <Act label={t('line.relax', { price: worded(g.price_mt) })} onClick={() => act.mutate(relax)}>
            <IconZzz size={17} stroke={1.8} aria-hidden />
          </Act>
        )}
        <Act label={t('line.cancel_one')} onClick={() => act.mutate(cancel)}>
          <IconX size={17} stroke={1.8} aria-hidden />
        </Act>
      </span>
    </li>
  );
}
