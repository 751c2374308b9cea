import './words';
import { ColorInput, Slider, Switch, Textarea, UnstyledButton } from '@mantine/core';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiError } from '../api/errors';
import type { Model, Range } from '../api/types';
import classes from './create.module.css';
import { type Draft, guidanceIsRaised, stepsOf, WITHOUT_REFERENCE, within } from './draft';
import { keepsARest } from './showing';

interface Props {
  draft: Draft;
  model: Model;
  refused: ApiError | null;
  onChange: (change: Partial<Draft>) => void;
}

/** Grounds that suit drawings; any other can be typed or picked. */
const grounds = ['#ffffff', '#f6efe4', '#fde2d8', '#dbeafe', '#d9f0e3', '#204030', '#1e293b', '#000000'];

/** The rest, only what the model can do. */
export function Advanced({ draft, model, refused, onChange }: Props) {
  const { t } = useTranslation();
  const textOnly = draft.adherence === WITHOUT_REFERENCE;
  const part = keepsARest(draft.start); // its ground and its edges are those of the start
  return (
    <div className={classes.advanced}>
      {model.negative_prompt && (
        <Textarea
          label={t('create.negative')}
          placeholder={t('create.negative_hint')}
          autosize
          minRows={1}
          maxRows={4}
          value={draft.negative}
          error={refused?.field('negative_prompt')}
          onChange={(e) => onChange({ negative: e.currentTarget.value })}
        />
      )}
      <Dial
        label={t('create.adherence')}
        hint={t(textOnly ? 'create.adherence_text_only' : 'create.adherence_hint')}
        range={model.adherence}
        value={textOnly ? model.adherence.min : within(draft.adherence, model.adherence)}
        show={(v) => (textOnly ? t('create.text_only') : `${Math.round(v * 100)} %`)}
        disabled={textOnly}
        onChange={(adherence) => onChange({ adherence })}
      />
      <Switch
        label={t('create.text_only_switch')}
        checked={textOnly}
        onChange={(e) => onChange({ adherence: e.currentTarget.checked ? WITHOUT_REFERENCE : null })}
      />
      <Dial
        label={t('create.steps')}
        hint={t('create.steps_hint')}
        range={model.steps}
        value={stepsOf(draft, model)}
        onChange={(steps) => onChange({ steps, quality: null })}
      />
      <Dial
        label={t('create.guidance')}
        hint={t(guidanceIsRaised(draft, model) ? 'create.guidance_raised' : 'create.guidance_hint')}
        range={model.guidance}
        value={within(draft.guidance, model.guidance)}
        onChange={(guidance) => onChange({ guidance })}
      />
      {model.transparent && (
        <Switch
          label={t('create.transparent')}
          description={t('create.transparent_hint')}
          checked={draft.transparent}
          disabled={part}
          onChange={(e) => onChange({ transparent: e.currentTarget.checked })}
        />
      )}
      {!(model.transparent && draft.transparent) && (
        <ColorInput
          label={t('create.background')}
          description={t('create.background_hint')}
          placeholder={t('create.background_white')}
          format="hex"
          fixOnBlur
          disabled={part}
          swatches={grounds}
          swatchesPerRow={8}
          value={draft.background ?? ''}
          error={refused?.field('background')}
          eyeDropperButtonProps={{ 'aria-label': t('create.background_pick') }}
          onChange={(c) =>
            onChange({ background: /^#[0-9a-f]{6}$/i.test(c) ? c : c === '' ? null : draft.background })
          }
          popoverProps={{ withinPortal: false }}
        />
      )}
      {model.tile && (
        <Switch
          label={t('create.tile')}
          description={t('create.tile_hint')}
          checked={draft.tile && !part}
          disabled={part}
          onChange={(e) => onChange({ tile: e.currentTarget.checked })}
        />
      )}
      <UnstyledButton
        className={classes.reset}
        onClick={() =>
          onChange({
            negative: '',
            quality: null,
            steps: null,
            guidance: null,
            adherence: null,
            transparent: false,
            background: null,
            tile: false,
          })
        }
      >
        {t('create.reset')}
      </UnstyledButton>
    </div>
  );
}

interface DialProps {
  label: string;
  hint: string;
  range: Range;
  value: number;
  disabled?: boolean;
  show?: (value: number) => string;
  onChange: (value: number) => void;
}

function Dial({ label, hint, range, value, disabled, show = String, onChange }: DialProps) {
  const id = useId();
  return (
    <div>
      <div className={classes.dialHead}>
        <span id={id}>{label}</span>
        <output className="number">{show(value)}</output>
      </div>
      <Slider
        min={range.min}
        max={range.max}
        step={range.step}
        value={value}
        disabled={disabled}
        onChange={onChange}
        label={null}
        size="sm"
        thumbProps={{ 'aria-labelledby': id, 'aria-valuetext': show(value) }}
      />
      <p className={classes.hint}>{hint}</p>
    </div>
  );
}
