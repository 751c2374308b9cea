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
  const short = shortTokens(available_mt);
  const words =
    held_mt > 0
      ? t('shell.tokens_held', { left: worded(available_mt), held: worded(held_mt) })
      : t('shell.tokens_left', { left: worded(available_mt) });
  // What is seen is a part of what is said, also where it is shortened.
  const label = words.startsWith(short) ? words : `${short}: ${words}`;
  return (
    <Tooltip label={words} position="right">
      <Link
        to="/wallet"
        className={classes.pill}
        aria-label={label}
        data-testid="balance"
        data-mt={available_mt}
      >
        <TokenMark size={16} />
        <span className="number">{short}</span>
      </Link>
    </Tooltip>
  );
}
