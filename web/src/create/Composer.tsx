import { useHotkeys } from '@mantine/hooks';
import { type ClipboardEvent, type DragEvent, Suspense, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { span } from '../format/time';
import { usePhone } from '../shell/usePhone';
import { Chips } from './Chips';
import classes from './create.module.css';
import { GenerateButton, useWhy } from './GenerateButton';
import { PromptBox } from './PromptBox';
import { SettingsSheet, Shortfall, Tray, WalletSwitch } from './panels';
import { imageFiles } from './useBring';
import type { ComposerState } from './useComposer';

/** The prompt bar with its settings and the button: on top of wide screens, at the foot of phones. */
export function Composer({ composer }: { composer: ComposerState }) {
  const { t } = useTranslation();
  const phone = usePhone();
  const input = useRef<HTMLTextAreaElement>(null);
  const [explained, setExplained] = useState(false);
  const { draft, model, request, state, refused, bringing, change } = composer;
  const [over, setOver] = useState(false);
  const why = useWhy(state);
  // A team's limit is said even where relaxed work goes on: one's own tokens may be the better way.
  const short = state.kind === 'short' || (state.kind === 'relaxed' && composer.payer.limited);

  useHotkeys([['alt+A', () => input.current?.focus()]], []);

  const press = () => {
    if ((state.kind === 'ready' || state.kind === 'relaxed') && request) {
      setExplained(false);
      composer.send(request, state.price_mt, state.kind === 'relaxed' ? 'relaxed' : undefined);
      return;
    }
    setExplained(state.kind !== 'pricing');
    if (state.kind === 'no_prompt' || state.kind === 'long_prompt') input.current?.focus();
    if (state.kind === 'no_price') composer.retryQuote();
  };

  // A sentence appears for what is wrong by itself, and for what was merely not done yet once one pressed.
  const wrong = ['bad_size', 'bad_seed', 'long_prompt', 'no_price', 'offline'].includes(state.kind);
  const sentence = state.kind !== 'short' && why && (wrong || explained) ? why : null;
  const refusedHere = refused?.fields.length
    ? refused.fields.map((f) => `${f.field}: ${f.message}`).join('. ')
    : null;

  const dragged = (e: DragEvent) => {
    if (!e.dataTransfer.types.includes('Files')) return;
    e.preventDefault();
    setOver(true);
  };
  const dropped = (e: DragEvent) => {
    e.preventDefault();
    setOver(false);
    void bringing.bring(imageFiles(e.dataTransfer));
  };
  const pasted = (e: ClipboardEvent) => {
    const files = imageFiles(e.clipboardData);
    if (files.length === 0) return; // words
    e.preventDefault();
    void bringing.bring(files);
  };

  return (
    <section
      className={classes.composer}
      aria-label={t('create.composer')}
      onDragOver={dragged}
      onDragLeave={() => setOver(false)}
      onDrop={dropped}
      onPaste={pasted}
    >
      <div className={classes.composerBox} data-over={over || undefined}>
        <PromptBox
          inputRef={input}
          value={draft.prompt}
          maxLength={model?.max_prompt ?? 1000}
          error={refused?.field('prompt')}
          onChange={(prompt) => {
            setExplained(false);
            change({ prompt });
          }}
          onGenerate={press}
          hint={draft.start?.erase ? t('create.erase_hint') : undefined}
        />
        {model && (
          <Suspense>
            <Tray draft={draft} model={model} bringing={bringing} refused={refused} onChange={change} />
          </Suspense>
        )}
        <div className={classes.controls}>
          <Suspense fallback={<span className={classes.chip} />}>
            {phone ? <SettingsSheet composer={composer} /> : <Chips composer={composer} />}
          </Suspense>
          <div className={classes.pay}>
            {composer.payer.teams.length > 0 && (
              <Suspense>
                <WalletSwitch payer={composer.payer} />
              </Suspense>
            )}
            <GenerateButton
              state={state}
              quote={composer.quote}
              available_mt={composer.available_mt}
              payer={composer.payer.team?.name}
              onPress={press}
            />
          </div>
        </div>
        {(sentence || refusedHere) && (
          <p role="alert" className={classes.sentence}>
            {refusedHere ?? sentence}
          </p>
        )}
        {state.kind === 'relaxed' && (
          <p role="status" className={classes.relaxedSays}>
            {state.wait
              ? t('create.relaxed_says', { wait: span(state.wait.from_seconds, state.wait.to_seconds) })
              : t('create.relaxed_says_unmeasured')}
          </p>
        )}
        {composer.modelsFailed && (
          <p role="alert" className={classes.sentence}>
            {t('create.models_failed')}{' '}
            <button type="button" className="unset link" onClick={composer.retryModels}>
              {t('common.retry')}
            </button>
          </p>
        )}
        {short && model && request && composer.balance && (
          <Suspense>
            <Shortfall
              request={request}
              model={model}
              price_mt={composer.quote?.total_mt ?? 0}
              balance={composer.balance}
              payer={composer.payer}
              onCount={(count) => change({ count })}
              onSteps={(steps) => change({ steps })}
            />
          </Suspense>
        )}
      </div>
    </section>
  );
}
