import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconArrowLeft } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { ApiError } from '../api/errors';
import { queries, useModels } from '../api/queries';
import type { Expansion, Model, Shape } from '../api/types';
import { modelOf } from '../create/draft';
import { type Start, wholePicture } from '../create/showing';
import { useDraft } from '../create/store';
import { usePageTitle } from '../shell/title';
import { ExtendBoard, ExtendSides } from './ExtendBoard';
import classes from './edit.module.css';
import { growsAtAll } from './extend';
import { MaskBoard } from './MaskBoard';
import { MaskTools } from './MaskTools';
import { add, brushSize, type Mark, type Tool, undo } from './marks';
import { inkOf, isEmpty, load, maskFile, scaledFile } from './paint';
import './words';
import '../picture/words';

type Mode = 'repaint' | 'erase' | 'extend';

/** Which part of a picture is painted anew, erased, or where it grows. What was marked goes with it to the prompt. */
export function EditPage() {
  const { t } = useTranslation();
  const { id } = useParams({ from: '/studio/edit/$id' });
  const [draft] = useDraft();
  const models = useModels();
  const model = modelOf(draft, models.data ?? []);
  const query = useQuery(queries.picture(id));
  usePageTitle(t('edit.title'));
  const picture = query.data;
  if (query.isError || (model && !model.masks))
    return <Gone error={query.error} able={!model || model.masks} onRetry={() => void query.refetch()} />;
  if (!picture || !model)
    return (
      <div className={classes.page} role="status" aria-label={t('edit.loading')}>
        <div className={classes.left}>
          <Back />
          <Skeleton radius={14} height={420} />
        </div>
      </div>
    );
  return <Editor key={picture.id} picture={picture} model={model} />;
}

/** The size at which a picture is worked on: its own, or what the model can repaint. */
function workingSize(picture: Shape, model: Model) {
  const scale = Math.min(1, model.width.max / picture.width, model.height.max / picture.height);
  return {
    width: Math.round(picture.width * scale),
    height: Math.round(picture.height * scale),
    scaled: scale < 1,
  };
}

function Editor({ picture, model }: { picture: Shape; model: Model }) {
  const { t } = useTranslation();
  const [draft] = useDraft();
  const before = draft.start?.id === picture.id ? draft.start : null;
  const { width, height, scaled } = workingSize(picture, model);
  const small = width < model.width.min || height < model.height.min;

  const [mode, setMode] = useState<Mode>(before?.erase ? 'erase' : before?.expand ? 'extend' : 'repaint');
  const [marks, setMarks] = useState<Mark[]>([]);
  const [tool, setTool] = useState<Tool>('brush');
  const [brush, setBrush] = useState(45);
  const [expand, setExpand] = useState<Expansion>(before?.expand ?? {});
  const canvas = useRef<HTMLCanvasElement>(null);
  const ink = useSavedMask(before, width, height);
  const mark = (m: Mark) => setMarks((list) => add(list, m));
  const save = useSave({ picture, model, mode, expand, canvas });
  const extending = mode === 'extend';

  useHotkeys([
    ['B', () => setTool('brush')],
    ['E', () => setTool('eraser')],
    ['R', () => setTool('rectangle')],
    ['I', () => mark({ kind: 'invert' })],
    ['bracketleft', () => setBrush((b) => Math.max(0, b - 8))],
    ['bracketright', () => setBrush((b) => Math.min(100, b + 8))],
    ['mod+Z', () => setMarks(undo)],
  ]);

  const modes: Mode[] = model.erase ? ['repaint', 'erase', 'extend'] : ['repaint', 'extend'];
  return (
    <div className={classes.page}>
      <div className={classes.left}>
        <Back />
        {extending ? (
          <ExtendBoard
            url={picture.url}
            alpha={picture.has_alpha}
            width={width}
            height={height}
            range={model.width}
            expand={expand}
            onChange={setExpand}
          />
        ) : (
          <MaskBoard
            canvas={canvas}
            url={picture.url}
            alpha={picture.has_alpha}
            width={width}
            height={height}
            before={ink}
            marks={marks}
            tool={tool}
            size={brushSize(brush, Math.max(width, height))}
            onMark={mark}
          />
        )}
      </div>
      <aside className={classes.panel} aria-label={t('edit.title')}>
        <h1>{t('edit.title')}</h1>
        <SegmentedControl
          fullWidth
          aria-label={t('edit.mode')}
          value={mode}
          onChange={(v) => setMode(v as Mode)}
          data={modes.map((m) => ({ value: m, label: t(`edit.mode_${m}`) }))}
        />
        <p className={classes.hint}>{t(`edit.hint_${mode}`)}</p>
        {extending ? (
          <ExtendSides
            width={width}
            height={height}
            range={model.width}
            expand={expand}
            onChange={setExpand}
          />
        ) : (
          <MaskTools
            tool={tool}
            onTool={setTool}
            brush={brush}
            onBrush={setBrush}
            canUndo={marks.length > 0}
            onUndo={() => setMarks(undo)}
            onInvert={() => mark({ kind: 'invert' })}
            onClear={() => mark({ kind: 'clear' })}
          />
        )}
        {scaled && <p className={classes.hint}>{t('edit.scaled', { width, height })}</p>}
        {small && (
          <p className={classes.fault} role="alert">
            {t('edit.small', { min: model.width.min })}
          </p>
        )}
        {save.error && (
          <p className={classes.fault} role="alert">
            {save.error.message}
          </p>
        )}
        <div className={classes.foot}>
          <Button
            size="md"
            fullWidth
            loading={save.isPending}
            disabled={small}
            onClick={() => save.mutate()}
            data-testid="use-part"
          >
            {t(`edit.use_${mode}`)}
          </Button>
        </div>
      </aside>
    </div>
  );
}

/** The mask that this start had before, as ink; null until it is there, or when there is none. */
function useSavedMask(before: Start | null, width: number, height: number) {
  const id = before?.mask ?? '';
  const { data } = useQuery({ ...queries.picture(id), enabled: id !== '' });
  const [ink, setInk] = useState<HTMLCanvasElement | null>(null);
  const url = data?.url;
  useEffect(() => {
    if (!url) return;
    let current = true;
    load(url)
      .then((image) => current && setInk(inkOf(image, width, height)))
      .catch(() => {}); // a mask that is gone is drawn anew
    return () => {
      current = false;
    };
  }, [url, width, height]);
  return ink;
}

interface Saving {
  picture: Shape;
  model: Model;
  mode: Mode;
  expand: Expansion;
  canvas: React.RefObject<HTMLCanvasElement | null>;
}

/** Keeps what was marked and takes it to the prompt. */
function useSave({ picture, model, mode, expand, canvas }: Saving) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [, setDraft] = useDraft();
  return useMutation({
    mutationFn: async () => {
      if (mode === 'extend' && !growsAtAll(expand)) throw new Error(t('edit.nothing_extended'));
      const board = canvas.current;
      if (mode !== 'extend' && (!board || isEmpty(board))) throw new Error(t('edit.nothing_marked'));
      const { width, height, scaled } = workingSize(picture, model);
      let start = wholePicture({ id: picture.id, width, height });
      if (scaled)
        start = wholePicture(await api.upload(await scaledFile(await load(picture.url), width, height)));
      if (mode === 'extend') return { ...start, expand };
      const mask = await api.upload(await maskFile(board as HTMLCanvasElement), 'mask');
      return { ...start, mask: mask.id, erase: mode === 'erase' };
    },
    onSuccess: (start) => {
      setDraft((d) => ({ ...d, start, width: null, height: null }));
      void client.invalidateQueries({ queryKey: queries.uploads().queryKey });
      void navigate({ to: '/' });
    },
  });
}

function Back() {
  const { t } = useTranslation();
  return (
    <Link to="/" className={classes.back}>
      <IconArrowLeft size={18} stroke={1.8} aria-hidden />
      {t('edit.back')}
    </Link>
  );
}

function Gone({ error, able, onRetry }: { error: Error | null; able: boolean; onRetry: () => void }) {
  const { t } = useTranslation();
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <div className={classes.gone} role="alert">
      <h1>{t(able ? (missing ? 'picture.missing' : 'picture.failed_to_load') : 'edit.unable')}</h1>
      <p className="soft">{able && !missing ? error?.message : ''}</p>
      {able && !missing && (
        <button type="button" className="unset link" onClick={onRetry}>
          {t('common.retry')}
        </button>
      )}
      <Link to="/" className="link">
        {t('edit.back')}
      </Link>
    </div>
  );
}
