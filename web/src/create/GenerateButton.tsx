import { Button, Popover, Tooltip, UnstyledButton } from '@mantine/core';
import { IconChevronDown, IconSparkles } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Quote } from '../api/types';
import { tokens } from '../format/amount';
import { TokenMark } from '../format/TokenMark';
import { day, span } from '../format/time';
import { useTokens } from '../format/useTokens';
import type { ButtonState } from './button';
import classes from './create.module.css';

interface Props {
  state: ButtonState;
  quote: Quote | undefined;
  available_mt: number;
  /** Name of the team that pays; left out: oneself. */
  payer?: string;
  onPress: () => void;
}

/**
 * Generates for the price it shows. It is never mute: where it cannot work it stays focusable, says why, and pressing
 * it leads to what is missing.
 */
export function GenerateButton({ state, quote, available_mt, payer, onPress }: Props) {
  const { t } = useTranslation();
  const price = 'price_mt' in state ? state.price_mt : null;
  const relaxed = state.kind === 'relaxed';
  const ready = state.kind === 'ready' || relaxed;
  const why = useWhy(state);
  return (
    <div className={classes.generate} data-ready={ready || undefined}>
      <Tooltip
        label={why ?? <PriceLines quote={quote} available_mt={available_mt} payer={payer} />}
        position="top-end"
        multiline
        maw={300}
        // Focus alone, as after a tap, must not lay the price over the prompt; it has its own button.
        events={{ hover: true, focus: !ready, touch: false }}
      >
        <Button
          className={classes.generateMain}
          size="md"
          leftSection={<IconSparkles size={18} stroke={1.9} aria-hidden />}
          aria-disabled={!ready}
          data-disabled={!ready || undefined}
          onClick={onPress}
          data-testid="generate"
          data-state={state.kind}
          data-price={price ?? undefined}
          aria-description={why}
        >
          <span>{t(relaxed ? 'create.relaxed' : 'create.generate')}</span>
          {relaxed ? (
            <span className={classes.price} data-relaxed>
              {t('create.relaxed_free')}
              {state.wait && (
                <small>
                  {t('create.relaxed_wait', { wait: span(state.wait.from_seconds, state.wait.to_seconds) })}
                </small>
              )}
            </span>
          ) : (
            <span className={classes.price} data-waiting={price === null || undefined}>
              <TokenMark size={16} />
              <span className="number">{price === null ? '–' : tokens(price)}</span>
              <span className={classes.hidden}>{t('create.tokens_word')}</span>
            </span>
          )}
        </Button>
      </Tooltip>
      <Popover position="top-end" width={290}>
        <Popover.Target>
          <UnstyledButton className={classes.generateMore} aria-label={t('create.price_details')}>
            <IconChevronDown size={17} stroke={2.1} aria-hidden />
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown>
          <PriceLines quote={quote} available_mt={available_mt} payer={payer} />
        </Popover.Dropdown>
      </Popover>
    </div>
  );
}

interface LinesProps {
  quote: Quote | undefined;
  available_mt: number;
  payer?: string;
}

function PriceLines({ quote, available_mt, payer }: LinesProps) {
  const { t } = useTranslation();
  if (!quote) return <span>{t('create.why_pricing')}</span>;
  const left_mt = payer ? quote.available_mt : available_mt;
  const after = (have_mt: number) =>
    quote.total_mt <= have_mt
      ? tokens(have_mt - quote.total_mt)
      : t('create.not_enough', { missing: tokens(quote.total_mt - have_mt) });
  const from = quote.draws?.length
    ? quote.draws.map((d) => `${t(`wallet.short_${d.layer}`)} ${tokens(d.amount_mt)}`).join(' · ')
    : null;
  return (
    <dl className={classes.lines}>
      {quote.lines.map((line) => (
        <div key={line.text}>
          <dt>{line.text}</dt>
          <dd className="number">{tokens(line.amount_mt)}</dd>
        </div>
      ))}
      <div data-total>
        <dt>{t('create.total')}</dt>
        <dd className="number">{tokens(quote.total_mt)}</dd>
      </div>
      {payer && (
        <div>
          <dt>{t('create.paid_by')}</dt>
          <dd>{payer}</dd>
        </div>
      )}
      <div data-left>
        <dt>{t(payer ? 'create.pool_after' : 'create.left_after')}</dt>
        <dd className="number">{after(left_mt)}</dd>
      </div>
      {quote.allowance && (
        <div data-left>
          <dt>{t('create.limit_after', { day: day(quote.allowance.resets_at) })}</dt>
          <dd className="number">{after(quote.allowance.left_mt)}</dd>
        </div>
      )}
      {from && (
        <div>
          <dt>{t('create.paid_from')}</dt>
          <dd>{from}</dd>
        </div>
      )}
      {(quote.alternatives?.length ?? 0) > 0 && (
        <div data-cheaper>
          <dt>{t('create.cheaper')}</dt>
          <dd />
        </div>
      )}
      {quote.alternatives?.map((a) => (
        <div key={a.name} data-alternative={a.name}>
          <dt>{a.text}</dt>
          <dd />
        </div>
      ))}
    </dl>
  );
}

/** Why the button does not work now; undefined when it does. */
export function useWhy(state: ButtonState): string | undefined {
  const { t } = useTranslation();
  const worded = useTokens();
  switch (state.kind) {
    case 'ready':
    case 'relaxed':
      return undefined;
    case 'short':
      return t('create.why_short', { missing: worded(state.missing_mt) });
    case 'long_prompt':
      return t('create.why_long_prompt', { count: state.over });
    default:
      return t(`create.why_${state.kind}`);
  }
}
