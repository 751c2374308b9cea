import { Button, Modal, Skeleton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import { moneyApi } from '../api/money';
import type { PlanPreview, PlanWish } from '../api/moneyTypes';
import { tokens } from '../format/amount';
import { money } from '../format/money';
import { day } from '../format/time';
import classes from './plans.module.css';

interface Props {
  wish: PlanWish | null;
  /** Whether anything can be paid for here. */
  checkout: boolean;
  /** Whose plan; left out: one's own. */
  team?: string;
  onClose: () => void;
}

/** Shows what a change brings and costs, to the cent, before it is agreed to. */
export function PlanDialog({ wish, checkout, team, onClose }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const preview = useQuery({
    queryKey: ['plan-preview', wish, team],
    queryFn: () => moneyApi.previewPlan(wish as PlanWish, team),
    enabled: wish !== null,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const change = useMutation({
    mutationFn: ({ w, p }: { w: PlanWish; p: PlanPreview }) => moneyApi.changePlan(w, p, team),
    onSuccess: ({ pay_url, payment }, { p }) => {
      if (pay_url) {
        window.location.assign(pay_url);
        return;
      }
      onClose();
      const waits = payment && payment.state !== 'paid';
      notifications.show({
        color: waits ? 'yellow' : 'green',
        message: t(waits ? 'plans.waits' : `plans.done_${p.action}`, { plan: p.title }),
      });
      for (const key of ['subscription', 'plans', 'wallet', 'session', 'payments', 'journal', 'teams'])
        void client.invalidateQueries({ queryKey: [key] });
    },
    onError: (error) => {
      // What was shown is not true any more: show what is.
      if (error instanceof ApiError && error.code === 'offer_over') void preview.refetch();
    },
  });
  const close = () => {
    change.reset();
    onClose();
  };
  const p = preview.data;
  const unpayable = !checkout && !!p && p.price_micros > 0;
  const problem = preview.error ?? change.error;
  return (
    <Modal
      opened={wish !== null}
      onClose={close}
      title={p ? t(`plans.ask_${p.action}`, { plan: p.title }) : t('plans.ask')}
      radius="lg"
      centered
    >
      {preview.isFetching && !p && <Skeleton height={150} radius={10} />}
      {p && <Lines p={p} of={wish?.of ?? 'tokens'} />}
      {unpayable && <p className={classes.ask}>{t('plans.ask_operator')}</p>}
      {problem && (
        <p role="alert" className="problem">
          {problem.message}
        </p>
      )}
      <div className={classes.confirm}>
        <Button variant="default" onClick={close}>
          {t('plans.back')}
        </Button>
        {p && wish && !unpayable && (
          <Button
            loading={change.isPending}
            disabled={preview.isFetching}
            color={p.action === 'cancel' ? 'red.8' : undefined}
            onClick={() => change.mutate({ w: wish, p })}
            data-testid="confirm"
          >
            {p.price_micros > 0
              ? t('plans.pay', { price: money(p.price_micros) })
              : t(`plans.confirm_${p.action}`)}
          </Button>
        )}
      </div>
    </Modal>
  );
}

function Lines({ p, of }: { p: PlanPreview; of: PlanWish['of'] }) {
  const { t } = useTranslation();
  const lines: [string, string][] = [];
  if (p.action !== 'cancel') lines.push([t('plans.line_now'), money(p.price_micros)]);
  if (p.seats > 0 && p.action !== 'cancel') lines.push([t('plans.line_seats'), p.seats.toLocaleString('en')]);
  if (p.tokens_mt > 0)
    lines.push([t(of === 'credits' ? 'plans.line_credits' : 'plans.line_tokens'), tokens(p.tokens_mt)]);
  if (p.action === 'downgrade' || p.action === 'switch') lines.push([t('plans.line_at'), day(p.at)]);
  if (p.ends_at) lines.push([t('plans.line_ends'), day(p.ends_at)]);
  if (p.next_at && p.next_micros > 0)
    lines.push([t('plans.line_next', { at: day(p.next_at) }), money(p.next_micros)]);
  return (
    <>
      <p className="soft">{t(`plans.says_${p.action}`, { plan: p.title })}</p>
      <dl
        className={classes.lines}
        data-testid="preview"
        data-price={p.price_micros}
        data-tokens={p.tokens_mt}
      >
        {lines.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
