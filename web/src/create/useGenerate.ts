import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../api/client';
import { ApiError } from '../api/errors';
import { amend, type Generations, prepend, remove, settle } from '../api/patch';
import { queries } from '../api/queries';
import type { Generation, GenerationRequest, Model, Session } from '../api/types';
import { forgetPlace } from '../gallery/place';
import { emptyShowing } from './showing';
import { rememberPrompt } from './store';

export interface Wish {
  request: GenerationRequest;
  price_mt: number;
  /** Without tokens, when there is room. */
  lane?: 'relaxed';
  /** Makes a repeated sending the same generation. */
  key: string;
  /** Of the pictures, where a start dictates it and the request says nothing. */
  size?: { width: number; height: number };
}

export const newWish = (
  request: GenerationRequest,
  price_mt: number,
  size?: Wish['size'],
  lane?: Wish['lane'],
): Wish => ({
  request,
  price_mt,
  key: crypto.randomUUID(),
  ...(size ? { size } : {}),
  ...(lane ? { lane } : {}),
});

export const localId = (key: string) => `local-${key}`;

/** The tile that stands there before the server answers. */
export function localGeneration(wish: Wish, model: Model | undefined, now: string): Generation {
  const r = wish.request;
  return {
    id: localId(wish.key),
    kind: 'image',
    state: 'waiting',
    position: 0,
    created_at: now,
    started_at: null,
    finished_at: null,
    prompt: r.prompt,
    negative_prompt: r.negative_prompt ?? '',
    model: r.model ?? model?.name ?? '',
    model_title: model?.title ?? '',
    style: r.style ?? '',
    width: wish.size?.width ?? r.width ?? model?.width.default ?? 512,
    height: wish.size?.height ?? r.height ?? model?.height.default ?? 512,
    count: r.count ?? model?.count.default ?? 1,
    seed: r.seed ?? 0,
    steps: r.steps ?? 0,
    guidance_scale: r.guidance_scale ?? 0,
    adherence: r.adherence ?? 0,
    transparent: r.transparent ?? false,
    shown: { ...emptyShowing, ...r },
    price_mt: wish.price_mt,
    charged_mt: 0,
    failure: null,
    team_id: r.pays_with?.replace(/^team:/, '') ?? null,
    images: [],
  };
}

const list = queries.generations().queryKey;

function onScreen(client: QueryClient, change: (data: Generations | undefined) => Generations | undefined) {
  client.setQueryData<Generations>(list, change);
}

/** Sends wishes; the tiles stand before the answer. Refusals go to the caller, lost connections stay as a failed tile. */
export function useGenerate() {
  const client = useQueryClient();
  return useMutation<Generation, Error, Wish>({
    mutationFn: ({ request, key, price_mt, lane }) => api.generate(request, key, price_mt, lane),
    onMutate: (wish) => {
      const model = client
        .getQueryData<Model[]>(queries.models().queryKey)
        ?.find((m) => m.name === wish.request.model);
      if (wish.request.prompt) rememberPrompt(wish.request.prompt);
      forgetPlace();
      onScreen(client, (data) =>
        prepend(remove(data, localId(wish.key)), localGeneration(wish, model, new Date().toISOString())),
      );
    },
    onSuccess: (g, { key }) => {
      onScreen(client, (data) => settle(data, localId(key), g));
      void client.invalidateQueries({ queryKey: queries.session().queryKey });
      if (g.team_id) void client.invalidateQueries({ queryKey: queries.teams().queryKey });
    },
    onError: (error, { key, request }) => {
      const lost = !(error instanceof ApiError) || error.offline || error.status >= 500;
      if (lost)
        onScreen(client, (data) =>
          amend(data, localId(key), {
            state: 'failed',
            failure: { code: 'not_sent', message: error.message },
          }),
        );
      else onScreen(client, (data) => remove(data, localId(key)));
      if (error instanceof ApiError && error.code === 'price_changed')
        void client.invalidateQueries({ queryKey: ['quote'] });
      if (!(error instanceof ApiError)) return;
      if (request.pays_with) {
        if ([402, 403, 404].includes(error.status))
          void client.invalidateQueries({ queryKey: queries.teams().queryKey });
      } else if (error.shortfall) correctPurse(client, error.shortfall.available_mt);
    },
  });
}

/** A 402 knows the purse better than we did. */
function correctPurse(client: QueryClient, available_mt: number) {
  client.setQueryData<Session>(
    queries.session().queryKey,
    (s) => s && { ...s, balance: { ...s.balance, available_mt } },
  );
}
