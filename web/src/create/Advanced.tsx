import { Slider, Switch, Textarea, UnstyledButton } from '@mantine/core';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiError } from '../api/errors';
import type { Model, Range } from '../api/types';
import classes from './create.module.css';
import { type Draft, WITHOUT_REFERENCE, within } from './draft';

interface Props {
  draft: Draft;
  model: Model;
  refused: ApiError | null;
  onChange: (change: Partial<Draft>) => void;
}

/** The rest, only what the model can do. */
export function Advanced({ draft, model, refused, onChange }: Props) {
  const { t } = useTranslation();
  const textOnly = draft.adherence === WITHOUT_REFERENCE;
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
        value={within(draft.steps, model.steps)}
        onChange={(steps) => onChange({ steps })}
      />
      <Dial
        label={t('create.guidance')}
        hint={t('create.guidance_hint')}
        range={model.guidance}
        value={within(draft.guidance, model.guidance)}
        onChange={(guidance) => onChange({ guidance })}
      />
      {model.transparent && (
        <Switch
          label={t('create.transparent')}
          description={t('create.transparent_hint')}
          checked={draft.transparent}
          onChange={(e) => onChange({ transparent: e.currentTarget.checked })}
        />
      )}
      <UnstyledButton
        className={classes.reset}
        onClick={() =>
          onChange({ negative: '', steps: null, guidance: null, adherence: null, transparent: false })
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
