import { Tooltip } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useSession } from '../api/queries';
import { shortTokens } from '../format/amount';
import { TokenMark } from '../format/TokenMark';
import { useTokens } from '../format/useTokens';
import classes from './shell.module.css';

/** What is left to spend; the stream keeps it true. */
export function TokenPill() {
  const { t } = useTranslation();
  const worded = useTokens();
  const { data } = useSession();
  if (!data) return null;
  const { available_mt, held_mt } = data.balance;
  const label =
    held_mt > 0
      ? t('shell.tokens_held', { left: worded(available_mt), held: worded(held_mt) })
      : t('shell.tokens_left', { left: worded(available_mt) });
  return (
    <Tooltip label={label} position="right">
      <Link
        to="/wallet"
        className={classes.pill}
        aria-label={label}
        data-testid="balance"
        data-mt={available_mt}
      >
        <TokenMark size={16} />
        <span className="number">{shortTokens(available_mt)}</span>
      </Link>
    </Tooltip>
  );
}
