import { notifications } from '@mantine/notifications';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Generation, Picture } from '../api/types';
import { type Reuse, reuse } from '../create/draft';
import { setDraft } from '../create/store';

/** Puts a recipe or a part of it into the prompt bar. Whole ones lead there; a single value is taken along quietly. */
export function useReuse(g: Generation | undefined, picture: Picture | undefined) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (what: Reuse) => {
    if (!g) return;
    setDraft((d) => reuse(d, g, what, picture?.seed ?? g.seed));
    if (what === 'all' || what === 'prompt') return void navigate({ to: '/' });
    notifications.show({ id: 'reused', message: t('picture.reused'), autoClose: 2500 });
  };
}
