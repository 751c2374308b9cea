import './words';
import { ActionIcon, Button, FileButton, Skeleton, Tooltip, UnstyledButton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconTrash, IconUpload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { queries } from '../api/queries';
import type { Model, Upload } from '../api/types';
import classes from './tray.module.css';
import { type Bringing, show } from './useBring';

interface Props {
  model: Model;
  bringing: Bringing;
  /** There is no role left for another picture. */
  full: boolean;
  onDone?: () => void;
}

/** Where pictures to show come from: a file, the clipboard, or what was uploaded before. */
export function PictureChooser({ model, bringing, full, onDone }: Props) {
  const { t } = useTranslation();
  return (
    <div className={classes.chooser}>
      <FileButton
        multiple
        accept="image/png,image/jpeg,image/webp"
        inputProps={{ 'aria-label': t('pictures.choose'), 'data-testid': 'file' } as object}
        onChange={(files) => {
          void bringing.bring(files);
          if (files.length > 0) onDone?.();
        }}
      >
        {(props) => (
          <Button {...props} disabled={full} leftSection={<IconUpload size={17} stroke={1.9} aria-hidden />}>
            {t('pictures.choose')}
          </Button>
        )}
      </FileButton>
      <p className={classes.hint}>
        {full ? t('pictures.full', { count: model.max_references }) : t('pictures.hint')}
      </p>
      <Recent model={model} full={full} onDone={onDone} />
    </div>
  );
}

function Recent({ model, full, onDone }: Omit<Props, 'bringing'>) {
  const { t } = useTranslation();
  const { data, isPending, isError, refetch } = useQuery(queries.uploads());
  if (isPending) return <Skeleton height={72} radius={10} />;
  if (isError)
    return (
      <p className={classes.hint} role="alert">
        {t('pictures.failed')}{' '}
        <button type="button" className="unset link" onClick={() => void refetch()}>
          {t('common.retry')}
        </button>
      </p>
    );
  if (data.items.length === 0) return null;
  return (
    <ul className={classes.recent} aria-label={t('pictures.recent')}>
      {data.items.map((up, i) => (
        <li key={up.id}>
          <UnstyledButton
            disabled={full}
            aria-label={t('pictures.use', { number: i + 1 })}
            className={up.has_alpha ? 'checker' : undefined}
            onClick={() => {
              show(up, model);
              onDone?.();
            }}
          >
            <img src={up.thumb_url} alt="" loading="lazy" draggable={false} />
          </UnstyledButton>
          <Remove up={up} number={i + 1} />
        </li>
      ))}
    </ul>
  );
}

function Remove({ up, number }: { up: Upload; number: number }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.removeUpload(up.id),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: queries.uploads().queryKey });
      void client.invalidateQueries({ queryKey: queries.picture(up.id).queryKey });
    },
    onError: (error) =>
      notifications.show({ color: 'red', title: t('common.failed'), message: error.message }),
  });
  return (
    <Tooltip label={t('pictures.delete_hint')}>
      <ActionIcon
        className={classes.remove}
        variant="default"
        size={26}
        radius="xl"
        loading={remove.isPending}
        aria-label={t('pictures.delete', { number })}
        onClick={() => remove.mutate()}
      >
        <IconTrash size={14} stroke={1.9} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
