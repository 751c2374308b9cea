import { useNetwork } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/errors';
import { useModels } from '../api/queries';
import type { GenerationRequest } from '../api/types';
import { usePayer } from '../team/usePayer';
import { buttonState } from './button';
import { type Draft, modelOf, requestOf, sizeOf } from './draft';
import { sizeIsGood } from './size';
import { useDraft } from './store';
import { useBring } from './useBring';
import { newWish, useGenerate } from './useGenerate';
import { useQuote } from './useQuote';

/** Everything the prompt bar knows and does, whatever it looks like. */
export function useComposer() {
  const { t } = useTranslation();
  const [draft, setDraft] = useDraft();
  const models = useModels();
  const { online } = useNetwork();
  const generate = useGenerate();
  const [refused, setRefused] = useState<ApiError | null>(null);

  const model = modelOf(draft, models.data ?? []);
  const payer = usePayer();
  const request = useMemo(
    () => (model ? { ...requestOf(draft, model), ...payer.terms } : undefined),
    [draft, model, payer.terms],
  );
  const size = model ? sizeOf(draft, model) : { width: 0, height: 0, fixed: false };
  // A size that a start dictates is judged by the server, with the start.
  const sizeGood = !!model && (size.fixed || sizeIsGood(size, model));
  const bringing = useBring(model);
  const seedGood = draft.seed === null || !Number.isNaN(draft.seed);
  const live = useQuote(sizeGood && seedGood ? request : undefined);
  const { available_mt } = payer;

  const state = buttonState({
    prompt: draft.prompt,
    wordless: !!request?.erase,
    maxPrompt: model?.max_prompt ?? 0,
    sizeGood,
    seedGood,
    online,
    modelReady: !!model,
    quote: live.quote,
    quoteStale: live.stale,
    quoteFailed: live.failed,
    available_mt,
  });

  const send = (r: GenerationRequest, price_mt: number, lane?: 'relaxed') => {
    setRefused(null);
    window.scrollTo({ top: 0 });
    // Not the callbacks of `mutate`: they hear of the last of several wishes only.
    generate.mutateAsync(newWish(r, price_mt, size, lane)).catch((error: Error) => {
      if (!(error instanceof ApiError) || error.offline || error.status >= 500 || error.status === 401)
        return;
      if (error.status === 402) return void live.retry();
      setRefused(error);
      if (error.fields.length === 0)
        notifications.show({
          id: 'refused', // a second refusal takes the place of the first
          color: 'red',
          title: t('create.refused'),
          message: error.retryAfter
            ? t('create.refused_wait', { reason: error.message, count: error.retryAfter })
            : error.message,
        });
    });
  };

  return {
    draft,
    model,
    models: models.data ?? [],
    modelsFailed: models.isError,
    retryModels: () => void models.refetch(),
    request,
    size,
    quote: live.quote,
    retryQuote: live.retry,
    available_mt,
    payer,
    balance: payer.balance,
    state,
    /** By the last sending, or by the price already. */
    refused: refused ?? (live.error?.fields.length ? live.error : null),
    bringing,
    send,
    change: (change: Partial<Draft>) => {
      if (refused) setRefused(null);
      setDraft((d) => ({ ...d, ...change }));
    },
  };
}

export type ComposerState = ReturnType<typeof useComposer>;
