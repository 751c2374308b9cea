import '../create/words';
import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core';
import { useClipboard, useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import {
  IconBrush,
  IconCheck,
  IconChevronDown,
  IconCopy,
  IconDownload,
  IconPhotoPlus,
  IconSparkles,
  IconTrash,
} from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { isFinal } from '../api/patch';
import { useModels } from '../api/queries';
import type { Generation, Picture } from '../api/types';
import { modelOf, moreLike } from '../create/draft';
import { type Role, roles } from '../create/showing';
import { useDraft } from '../create/store';
import { show } from '../create/useBring';
import { newWish, useGenerate } from '../create/useGenerate';
import { useQuote } from '../create/useQuote';
import { bytes, tokens } from '../format/amount';
import { TokenMark } from '../format/TokenMark';
import { useTokens } from '../format/useTokens';
import { deleteNow } from '../gallery/deletion';
import { Ask } from '../shell/Ask';
import { usePurse } from '../team/usePayer';
import classes from './picture.module.css';

export function Actions({ g, picture }: { g: Generation; picture: Picture | undefined }) {
  const { t } = useTranslation();
  const clipboard = useClipboard({ timeout: 1600 });
  const copied = clipboard.copied;
  return (
    <div className={classes.actions}>
      <MoreLike g={g} />
      {picture && <Onward picture={picture} />}
      <div className={classes.actionRow}>
        {picture && (
          <Menu position="bottom-start">
            <Menu.Target>
              <Button
                variant="default"
                leftSection={<IconDownload size={17} stroke={1.8} aria-hidden />}
                rightSection={<IconChevronDown size={14} aria-hidden />}
                data-testid="download"
              >
                {t('picture.download')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item component="a" href={picture.download_url} download data-testid="download-png">
                {t('picture.png', { size: bytes(picture.bytes) })}
              </Menu.Item>
              <Menu.Item component="a" href={picture.webp_url} download data-testid="download-webp">
                {t('picture.webp')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
        <Tooltip label={t(copied ? 'common.copied' : 'picture.copy_prompt')}>
          <ActionIcon
            variant="default"
            size={36}
            aria-label={t(copied ? 'common.copied' : 'picture.copy_prompt')}
            onClick={() => clipboard.copy(g.prompt)}
          >
            {copied ? <IconCheck size={17} aria-hidden /> : <IconCopy size={17} stroke={1.8} aria-hidden />}
          </ActionIcon>
        </Tooltip>
        {isFinal(g) && <Remove g={g} />}
      </div>
    </div>
  );
}

/** What can be made from the picture: a part of it anew, or others that start from it or look at it. */
function Onward({ picture }: { picture: Picture }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [draft] = useDraft();
  const model = modelOf(draft, useModels().data ?? []);
  if (!model) return null;
  const can = roles(model);
  const take = (role: Role) => {
    show(picture, model, role);
    void navigate({ to: '/' });
  };
  const full = draft.looks.length >= model.max_references;
  return (
    <div className={classes.actionRow}>
      {model.masks && (
        <Button
          variant="default"
          leftSection={<IconBrush size={17} stroke={1.8} aria-hidden />}
          onClick={() => void navigate({ to: '/edit/$id', params: { id: picture.id } })}
          data-testid="edit-part"
        >
          {t('picture.edit')}
        </Button>
      )}
      {can.length > 0 && (
        <Menu position="bottom-start">
          <Menu.Target>
            <Button
              variant="default"
              leftSection={<IconPhotoPlus size={17} stroke={1.8} aria-hidden />}
              rightSection={<IconChevronDown size={14} aria-hidden />}
              data-testid="use-as"
            >
              {t('picture.use_as')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {can.map((role) => (
              <Menu.Item
                key={role}
                disabled={role !== 'start' && full}
                onClick={() => take(role)}
                data-testid={`use-as-${role}`}
              >
                {t(`pictures.role_${role}`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </div>
  );
}

/** The same recipe with a new seed, for the price it shows. */
function MoreLike({ g }: { g: Generation }) {
  const { t } = useTranslation();
  const worded = useTokens();
  const navigate = useNavigate();
  const purse = usePurse(g.team_id ?? '');
  const request = moreLike(g);
  const { quote, stale, failed, retry } = useQuote(request);
  const generate = useGenerate();
  const available = purse.available_mt;
  const price = quote && !stale ? quote.total_mt : null;
  const short = price !== null && price > available;
  const run = () => {
    if (failed) return retry();
    if (price === null) return;
    if (short)
      return void navigate(g.team_id ? { to: '/teams/$id', params: { id: g.team_id } } : { to: '/wallet' });
    generate
      .mutateAsync(newWish(request, price, { width: g.width, height: g.height }))
      .catch((error: Error) =>
        notifications.show({ color: 'red', title: t('common.failed'), message: error.message }),
      );
    void navigate({ to: '/' });
  };
  const why = failed
    ? t('create.why_no_price')
    : short
      ? t('picture.more_short', { missing: worded((price ?? 0) - available) })
      : t('picture.more_hint', { count: g.count });
  return (
    <Tooltip label={why} multiline maw={260}>
      <Button
        size="md"
        fullWidth
        leftSection={<IconSparkles size={18} stroke={1.9} aria-hidden />}
        onClick={run}
        aria-disabled={price === null || short}
        data-disabled={price === null || short || undefined}
        aria-description={why}
        data-testid="more-like"
      >
        {t('picture.more')}
        <span className={classes.price}>
          <TokenMark size={16} />
          <span className="number">{price === null ? '–' : tokens(price)}</span>
        </span>
      </Button>
    </Tooltip>
  );
}

function Remove({ g }: { g: Generation }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [opened, { open, close }] = useDisclosure(false);
  const remove = useMutation({
    mutationFn: async () => {
      await navigate({ to: '/' });
      await deleteNow(client, g.id);
    },
    onSuccess: () => notifications.show({ message: t('gallery.deleted', { count: g.count }) }),
    onError: (error) =>
      notifications.show({ color: 'red', title: t('common.failed'), message: error.message }),
  });
  return (
    <>
      <Tooltip label={t('common.delete')}>
        <ActionIcon
          variant="default"
          size={36}
          aria-label={t('common.delete')}
          onClick={open}
          data-testid="delete"
        >
          <IconTrash size={17} stroke={1.8} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Ask
        opened={opened}
        title={t('picture.delete_title', { count: g.count })}
        text={t('picture.delete_text', { count: g.count })}
        yes={t('common.delete')}
        testid="delete-confirm"
        onYes={() => remove.mutate()}
        onNo={close}
      />
    </>
  );
}
