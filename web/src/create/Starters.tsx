import './words';
import { IconPlayerPlayFilled } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { GenerationRequest } from '../api/types';
import { tokens } from '../format/amount';
import { TokenMark } from '../format/TokenMark';
import classes from './create.module.css';
import { requestOf } from './draft';
import { StarterArt } from './StarterArt';
import { nothingShown } from './showing';
import { presetSize, ratios } from './size';
import { type Starter, starters } from './starters';
import type { ComposerState } from './useComposer';
import { useQuote } from './useQuote';

/** The empty studio: six things to try. A card runs for the price it shows and leaves its recipe in the bar. */
export function Starters({ composer }: { composer: ComposerState }) {
  const { t } = useTranslation();
  return (
    <section className={classes.starters} aria-labelledby="starters-title">
      <h2 id="starters-title">{t('create.starters_title')}</h2>
      <p className="soft">{t('create.starters_text')}</p>
      <div className={classes.starterGrid}>
        {starters.map((s) => (
          <StarterCard key={s.key} starter={s} composer={composer} />
        ))}
      </div>
    </section>
  );
}

function StarterCard({ starter, composer }: { starter: Starter; composer: ComposerState }) {
  const { t } = useTranslation();
  const { model, draft } = composer;
  const prompt = t(`starters.${starter.key}`);
  const ratio = ratios.find((r) => r.label === starter.ratio);
  const wish = {
    ...draft,
    ...nothingShown,
    quality: draft.quality,
    prompt,
    style: starter.style,
    ...(model && ratio ? presetSize(ratio, model) : {}),
    seed: null,
    negative: '',
    transparent: starter.transparent ?? false,
  };
  const request: GenerationRequest | undefined = model && requestOf(wish, model);
  const { quote, stale } = useQuote(request);
  const style = model?.styles.find((s) => s.id === request?.style);
  const affordable = quote && !stale && quote.total_mt <= composer.available_mt;
  const run = () => {
    composer.change(wish);
    if (affordable && request) composer.send(request, quote.total_mt);
  };
  return (
    <button type="button" className={`unset ${classes.starter}`} onClick={run} data-testid="starter">
      <span className={starter.transparent ? `${classes.starterArt} checker` : classes.starterArt}>
        <StarterArt name={starter.key} />
      </span>
      <span className={classes.starterText}>{prompt}</span>
      <span className={classes.starterFoot}>
        <span>
          {style?.title} · {starter.ratio}
          {starter.transparent && ` · ${t('create.cut_out')}`}
        </span>
        <span className={classes.starterPrice}>
          <IconPlayerPlayFilled size={11} aria-hidden />
          <TokenMark size={14} />
          <span className="number">{quote && !stale ? tokens(quote.total_mt) : '–'}</span>
          <span className={classes.hidden}>{t('create.tokens_word')}</span>
        </span>
      </span>
    </button>
  );
}
