import './words';
import { ActionIcon, Loader, NativeSelect, Slider, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconBrush, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiError } from '../api/errors';
import { queries } from '../api/queries';
import type { Model, Range } from '../api/types';
import type { Draft } from './draft';
import { drop, keepsARest, lookStrength, type Role, recast, roles, startStrength } from './showing';
import classes from './tray.module.css';
import type { Bringing } from './useBring';

interface Props {
  draft: Draft;
  model: Model;
  bringing: Bringing;
  refused: ApiError | null;
  onChange: (change: Partial<Draft>) => void;
}

/** The pictures the model is shown, each with what for and how strongly. */
export function Tray({ draft, model, bringing, refused, onChange }: Props) {
  const { t } = useTranslation();
  const { start, looks } = draft;
  if (!start && looks.length === 0 && bringing.arrivals.length === 0) return null;
  const change = (from: 'start' | number) => (role: Role, size: { width: number; height: number }) =>
    onChange({
      ...recast(draft, from, role, size),
      ...(role === 'start' ? { width: null, height: null } : {}),
    });
  return (
    <ul className={classes.tray} aria-label={t('pictures.tray')}>
      {start && (
        <Card
          id={start.id}
          use="start"
          model={model}
          strength={startStrength(start, model)}
          range={model.strength}
          off={start.erase}
          fault={refused?.field('init_image') ?? refused?.field('mask') ?? refused?.field('expand')}
          onRole={change('start')}
          onStrength={(strength) => onChange({ start: { ...start, strength } })}
          onDrop={() => onChange(drop(draft, 'start'))}
        >
          <Part draft={draft} model={model} onWhole={() => onChange({ start: { ...start, ...whole } })} />
        </Card>
      )}
      {looks.map((look, i) => (
        <Card
          // biome-ignore lint/suspicious/noArrayIndexKey: the same picture may stand here twice
          key={`${look.id}-${i}`}
          id={look.id}
          use={look.kind}
          model={model}
          strength={lookStrength(look, model)}
          range={model.references.find((r) => r.kind === look.kind)?.strength ?? model.strength}
          off={!!start?.erase}
          fault={refused?.field(`references[${i}].image`) ?? refused?.field(`references[${i}].kind`)}
          onRole={change(i)}
          onStrength={(strength) =>
            onChange({ looks: looks.map((l, n) => (n === i ? { ...l, strength } : l)) })
          }
          onDrop={() => onChange(drop(draft, i))}
        />
      ))}
      {bringing.arrivals.map((a) => (
        <li key={a.key} className={classes.card} data-fault={a.fault ? true : undefined}>
          <span className={classes.view}>
            {!a.fault && <img src={a.view} alt="" data-faint />}
            {a.fault ? <IconAlertTriangle size={20} aria-hidden /> : <Loader size={20} aria-hidden />}
          </span>
          <p className={classes.news} role={a.fault ? 'alert' : 'status'}>
            {a.fault ?? t('pictures.uploading', { name: a.name })}
          </p>
          {a.fault && <Close label={t('common.close')} onClick={() => bringing.dismiss(a.key)} />}
        </li>
      ))}
    </ul>
  );
}

const whole = { mask: null, expand: null, erase: false, strength: null };

interface CardProps {
  id: string;
  use: Role;
  model: Model;
  strength: number;
  range: Range;
  /** Its strength has no meaning now. */
  off: boolean;
  fault: string | undefined;
  onRole: (role: Role, size: { width: number; height: number }) => void;
  onStrength: (strength: number) => void;
  onDrop: () => void;
  children?: ReactNode;
}

function Card(props: CardProps) {
  const { t } = useTranslation();
  const id = useId();
  const { data: picture, error } = useQuery(queries.picture(props.id));
  const gone = (error as ApiError | null)?.status === 404;
  const fault = gone ? t('pictures.gone') : props.fault;
  const name = t(`pictures.role_${props.use}`);
  return (
    <li
      className={classes.card}
      data-fault={fault ? true : undefined}
      data-testid="shown"
      data-use={props.use}
    >
      <span className={picture?.has_alpha ? `${classes.view} checker` : classes.view}>
        {picture && <img src={picture.thumb_url} alt={name} draggable={false} />}
        {gone && <IconAlertTriangle size={20} aria-hidden />}
      </span>
      <div className={classes.body}>
        <NativeSelect
          size="xs"
          aria-label={t('pictures.role')}
          value={props.use}
          data={roles(props.model).map((r) => ({ value: r, label: t(`pictures.role_${r}`) }))}
          disabled={!picture}
          onChange={(e) => picture && props.onRole(e.currentTarget.value as Role, picture)}
        />
        {!props.off && (
          <div className={classes.strength}>
            <Slider
              size="sm"
              min={props.use === 'start' ? props.range.min : props.range.step}
              max={props.range.max}
              step={props.range.step}
              value={props.strength}
              label={null}
              onChange={props.onStrength}
              thumbProps={{ 'aria-labelledby': id, 'aria-valuetext': percent(props.strength) }}
            />
            <span id={id} className={classes.hidden}>
              {t(props.use === 'start' ? 'pictures.change' : 'pictures.strength')}
            </span>
            <Tooltip
              label={t(props.use === 'start' ? 'pictures.change_hint' : 'pictures.strength_hint')}
              multiline
              maw={240}
            >
              <output className="number">{percent(props.strength)}</output>
            </Tooltip>
          </div>
        )}
        {props.children}
        {fault && (
          <p className={classes.fault} role="alert">
            {fault}
          </p>
        )}
      </div>
      <Close label={t('pictures.drop', { role: name })} onClick={props.onDrop} />
    </li>
  );
}

const percent = (v: number) => `${Math.round(v * 100)} %`;

/** Which part of the start is painted, and the way to say so. */
function Part({ draft, model, onWhole }: { draft: Draft; model: Model; onWhole: () => void }) {
  const { t } = useTranslation();
  const start = draft.start;
  if (!start || !model.masks) return null;
  const part = start.erase ? 'erase' : start.expand ? 'extend' : 'repaint';
  return (
    <p className={classes.part}>
      <Link to="/edit/$id" params={{ id: start.id }} className="link" data-testid="mark">
        <IconBrush size={14} stroke={1.9} aria-hidden />
        {keepsARest(start) ? t(`pictures.part_${part}`) : t('pictures.mark')}
      </Link>
      {keepsARest(start) && (
        <button type="button" className="unset link" onClick={onWhole}>
          {t('pictures.whole')}
        </button>
      )}
    </p>
  );
}

function Close({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <ActionIcon
      className={classes.close}
      variant="default"
      size={26}
      radius="xl"
      aria-label={label}
      onClick={onClick}
    >
      <IconX size={14} stroke={2.2} aria-hidden />
    </ActionIcon>
  );
}
