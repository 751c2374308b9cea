import { useTranslation } from 'react-i18next';
import { tokens } from './amount';

/** Writes an amount with its word: "1 token", "0.75 tokens". */
export function useTokens(): (mt: number) => string {
  const { t } = useTranslation();
  return (mt) => t('common.tokens', { count: Math.abs(mt) / 1000, amount: tokens(mt) });
}
