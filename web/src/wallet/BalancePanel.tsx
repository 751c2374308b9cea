import { useTranslation } from 'react-i18next';
import type { Balance } from '../api/types';
import { tokens } from '../format/amount';
import { clock } from '../format/time';
import { useTokens } from '../format/useTokens';
import { layerColour, shares } from './layers';
import classes from './wallet.module.css';

/** The purse as a picture: how much of which kind, and until when. */
export function BalancePanel({ balance, title }: { balance: Balance; title?: string }) {
  const { t } = useTranslation();
  const worded = useTokens();
  const now = Date.now();
  return (
    <section className="panel" aria-labelledby="balance-title">
      <h2 id="balance-title">{title ?? t('wallet.available')}</h2>
      <p className={classes.big} data-testid="wallet-available" data-mt={balance.available_mt}>
        <span className="number">{tokens(balance.available_mt)}</span> {t('wallet.tokens_word')}
      </p>
      <div className={classes.bar} aria-hidden>
        {shares(balance.layers).map(({ layer, fraction }) => (
          <span
            key={`${layer.kind}-${layer.expires_at}`}
            style={{ flexGrow: fraction, background: layerColour[layer.kind] }}
          />
        ))}
      </div>
      <ul className={classes.layers}>
        {balance.layers.map((l) => (
          <li key={`${l.kind}-${l.expires_at}`}>
            <span className={classes.dot} style={{ background: layerColour[l.kind] }} aria-hidden />
            <span>
              {t(`wallet.layer_${l.kind}`)}
              <small>
                {l.expires_at ? t('wallet.until', { at: clock(l.expires_at, now) }) : t('wallet.stays')}
              </small>
            </span>
            <span className="number">{tokens(l.available_mt)}</span>
          </li>
        ))}
        {(balance.frozen_mt ?? 0) > 0 && (
          <li>
            <span className={classes.dot} data-held aria-hidden />
            <span>
              {t('wallet.frozen')}
              <small>{t('wallet.frozen_text', { at: clock(balance.frozen_until ?? '', now) })}</small>
            </span>
            <span className="number">{tokens(balance.frozen_mt ?? 0)}</span>
          </li>
        )}
        {balance.held_mt > 0 && (
          <li>
            <span className={classes.dot} data-held aria-hidden />
            <span>
              {t('wallet.held')}
              <small>{t('wallet.held_text')}</small>
            </span>
            <span className="number">{tokens(balance.held_mt)}</span>
          </li>
        )}
      </ul>
      {balance.renews_at && (
        <p className={classes.renews}>
          {t('wallet.renews', {
            amount: worded(balance.monthly_mt > 0 ? balance.monthly_mt : balance.daily_mt),
            at: clock(balance.renews_at, now),
          })}
        </p>
      )}
    </section>
  );
}
