import { IconHourglass } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Forecast } from '../api/moneyTypes';
import { day, days } from '../format/time';
import { useTokens } from '../format/useTokens';
import classes from './wallet.module.css';

/** "At this pace: 9 days", with what that was taken from. Nothing while the spending says nothing. */
export function ForecastLine({ forecast }: { forecast: Forecast | null }) {
  const { t } = useTranslation();
  const worded = useTokens();
  if (!forecast) return null;
  return (
    <div className={classes.forecast} data-testid="forecast" data-days={forecast.days ?? 'more'}>
      <IconHourglass size={20} stroke={1.7} aria-hidden />
      <p>
        {forecast.days === null || !forecast.runs_out_at
          ? t('wallet.forecast_lasts', { days: days(forecast.horizon_days) })
          : t('wallet.forecast', { days: days(forecast.days), at: day(forecast.runs_out_at) })}
        <small>
          {t('wallet.forecast_pace', { pace: worded(forecast.pace_mt), days: days(forecast.basis_days) })}
        </small>
      </p>
    </div>
  );
}
