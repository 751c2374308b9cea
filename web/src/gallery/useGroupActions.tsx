import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { applyDeleted, applyGeneration, applyPlaces } from '../api/events';
import { isFinal, isLocal } from '../api/patch';
import type { Generation } from '../api/types';
import { moreLike, reuse } from '../create/draft';
import { setDraft } from '../create/store';
import { newWish, useGenerate } from '../create/useGenerate';
import { deleteLater, UNDO_MS, undoDelete } from './deletion';
import classes from './gallery.module.css';

/** What can be done with a group from the gallery. */
export function useGroupActions() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const generate = useGenerate();

  const complain = (error: Error) =>
    notifications.show({ color: 'red', title: t('common.failed'), message: error.message });

  return {
    cancel: (g: Generation) =>
      void api
        .cancel(g.id)
        .then((told) => applyGeneration(client, told))
        .catch(complain),

    /** The new places follow as events. */
    move: (g: Generation, before: 'first' | '') => void api.move(g.id, before).catch(complain),

    keepBack: (g: Generation) => {
      const show = (paused: boolean) =>
        applyPlaces(client, [{ id: g.id, position: 0, starts: null, paused, stopped: g.stopped }]);
      show(!g.paused);
      api.keepBack(g.id, !g.paused).catch((error: Error) => {
        show(g.paused);
        complain(error);
      });
    },

    remove: (g: Generation) => {
      if (isLocal(g)) return applyDeleted(client, g.id);
      if (!isFinal(g)) return void notifications.show({ message: t('gallery.cancel_first') });
      deleteLater(client, g.id, complain);
      const toast = `deleted-${g.id}`;
      notifications.show({
        id: toast,
        autoClose: UNDO_MS,
        message: (
          <div className={classes.undo}>
            <span>{t('gallery.deleted', { count: g.count })}</span>
            <Button
              size="xs"
              variant="light"
              onClick={() => {
                undoDelete(g.id);
                notifications.hide(toast);
              }}
            >
              {t('common.undo')}
            </Button>
          </div>
        ),
      });
    },

    /** Sends the same wish again: the very one if it never arrived, with the same seed if it failed, with a new one else. */
    retry: (g: Generation) => {
      const request = { ...moreLike(g), ...(g.seed && g.state !== 'complete' ? { seed: g.seed } : {}) };
      const wish = newWish(request, g.price_mt, { width: g.width, height: g.height });
      generate.mutateAsync(isLocal(g) ? { ...wish, key: g.id.slice('local-'.length) } : wish).catch(complain);
    },

    edit: (g: Generation) => {
      setDraft((d) => reuse(d, g, 'all'));
      window.scrollTo({ top: 0 });
      document.querySelector<HTMLTextAreaElement>('[data-testid="prompt"]')?.focus({ preventScroll: true });
    },
  };
}

export type GroupActions = ReturnType<typeof useGroupActions>;
