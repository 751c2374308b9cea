import { useTranslation } from 'react-i18next';
import type { Balance, Forecast } from '../api/moneyTypes';
import { tokens } from '../format/amount';
import { ago, clock } from '../format/time';
import { useTokens } from '../format/useTokens';
import { ForecastLine } from './ForecastLine';
import { layerColour, shares } from './layers';
import classes from './wallet.module.css';

interface Props {
  balance: Balance;
  forecast?: Forecast | null;
  title?: string;
}

/** The purse as a picture: how much of which kind, and until when. */
export function BalancePanel({ balance, forecast = null, title }: Props) {
  const { t } = useTranslation();
  const worded = useTokens();
  const now = Date.now();
  const ends = (at: string) =>
    Date.parse(at) - now < 6 * 86_400_000
      ? t('wallet.until_in', { at: clock(at, now), ago: ago(at, now) })
      : t('wallet.until', { at: clock(at, now) });
  const owed = balance.owed_mt ?? 0;
  return (
    <section className="panel" aria-labelledby="balance-title">
      <h2 id="balance-title">{title ?? t('wallet.available')}</h2>
      <p className={classes.big} data-testid="wallet-available" data-mt={balance.available_mt}>
        <span className="number">{tokens(balance.available_mt)}</span> {t('wallet.tokens_word')}
      </p>
      {/* The list below says the same in words. */}
      <div className={classes.bar} aria-hidden data-testid="layers">
        {shares(balance).map((s) => (
          <span
            key={s.key}
            data-layer={s.kind}
            data-waiting={s.waiting || undefined}
            style={{ flexGrow: s.fraction, background: s.waiting ? undefined : layerColour[s.kind] }}
          />
        ))}
      </div>
      <ul className={classes.layers}>
        {balance.layers.map((l) => (
          <li key={`${l.kind}-${l.expires_at}`} data-layer={l.kind} data-mt={l.available_mt}>
            <span className={classes.dot} style={{ background: layerColour[l.kind] }} aria-hidden />
            <span>
              {t(`wallet.layer_${l.kind}`)}
              <small>{l.expires_at ? ends(l.expires_at) : t('wallet.stays')}</small>
            </span>
            <span className="number">{tokens(l.available_mt)}</span>
          </li>
        ))}
        {(balance.frozen_mt ?? 0) > 0 && (
          <Waiting
            name={t('wallet.frozen')}
            text={t('wallet.frozen_text', { at: clock(balance.frozen_until ?? '', now) })}
            amount_mt={balance.frozen_mt ?? 0}
          />
        )}
        {balance.held_mt > 0 && (
          <Waiting name={t('wallet.held')} text={t('wallet.held_text')} amount_mt={balance.held_mt} />
        )}
        {owed > 0 && <Waiting name={t('wallet.owed')} text={t('wallet.owed_text')} amount_mt={-owed} />}
      </ul>
      {balance.renews_at && (
        <p className={classes.renews}>
          {t('wallet.renews', {
            amount: worded(balance.monthly_mt > 0 ? balance.monthly_mt : balance.daily_mt),
            at: clock(balance.renews_at, now),
          })}
        </p>
      )}
      <ForecastLine forecast={forecast} />
    </section>
  );
}

function Waiting({ name, text, amount_mt }: { name: string; text: string; amount_mt: number }) {
  return (
    <li>
      <span className={classes.dot} data-held aria-hidden />
      <span>
        {name}
        <small>{text}</small>
      </span>
      <span className="number">{tokens(amount_mt)}</span>
    </li>
  );
}
