import { useTranslation } from 'react-i18next';
import type { JournalEntry } from '../api/moneyTypes';
import { signedTokens, tokens } from '../format/amount';

/** What a line of a journal did to what can be spent; where that is nothing, the amount it is about, without a sign. */
export function Change({ row }: { row: Pick<JournalEntry, 'op' | 'amount_mt' | 'moved_mt'> }) {
  const { t } = useTranslation();
  if (row.amount_mt !== 0) return signedTokens(row.amount_mt);
  return row.op === 'capture' ? t('wallet.from_hold') : tokens(row.moved_mt);
}
