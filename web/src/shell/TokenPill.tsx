import { Tooltip } from '@mantine/core';
import { IconCoin } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useSession } from '../api/queries';
import { shortTokens, tokens } from '../format/amount';
import classes from './shell.module.css';

/** What is left to spend; the stream keeps it true. */
export function TokenPill() {
  const { t } = useTranslation();
  const { data } = useSession();
  if (!data) return null;
  const { available_mt, held_mt } = data.balance;
  const label =
    held_mt > 0
      ? t('shell.tokens_held', { left: tokens(available_mt), held: tokens(held_mt) })
      : t('shell.tokens_left', { left: tokens(available_mt) });
  return (
    <Tooltip label={label} position="right">
      <Link
        to="/wallet"
        className={classes.pill}
        aria-label={label}
        data-testid="balance"
        data-mt={available_mt}
      >
        <IconCoin size={16} stroke={1.9} aria-hidden />
        <span className="number">{shortTokens(available_mt)}</span>
      </Link>
    </Tooltip>
  );
}
