import { Drawer, TextInput, UnstyledButton } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { shortTokens } from '../format/amount';
import { TokenMark } from '../format/TokenMark';
import { Paged } from '../shell/Paged';
import { usePhone } from '../shell/usePhone';
import { AccountDetail } from './AccountDetail';
import classes from './admin.module.css';
import { type AdminAccount, adminQueries } from './api';

/** Everybody who may sign in, by e-mail address. */
export function Accounts() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { account } = useSearch({ from: '/studio/admin/{-$tab}' });
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), 250);
    return () => clearTimeout(timer);
  }, [text]);
  const phone = usePhone();
  const query = useInfiniteQuery(adminQueries.accounts(asked));
  const rows = query.data?.pages.flatMap((p) => p.items) ?? [];
  const open = (id: string | undefined) =>
    void navigate({ to: '/admin/{-$tab}', params: { tab: 'accounts' }, search: { account: id } });
  return (
    <section className="panel" aria-labelledby="accounts-title">
      <div className={classes.tools}>
        <h2 id="accounts-title">{t('admin.tab_accounts')}</h2>
        <TextInput
          className={classes.search}
          aria-label={t('admin.search')}
          placeholder={t('admin.search')}
          leftSection={<IconSearch size={16} stroke={1.8} aria-hidden />}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          data-testid="search"
        />
      </div>
      <Paged
        query={query}
        none={rows.length === 0}
        empty={t('admin.accounts_none')}
        failed={query.error?.message ?? t('admin.failed_to_load')}
        more={t('admin.more')}
      >
        <ul className={classes.list} aria-busy={query.isPlaceholderData}>
          {rows.map((a) => (
            <li key={a.id}>
              <Row a={a} onOpen={() => open(a.id)} />
            </li>
          ))}
        </ul>
      </Paged>
      <Drawer
        opened={!!account}
        onClose={() => open(undefined)}
        position={phone ? 'bottom' : 'right'}
        size={phone ? '92%' : 480}
        title={t('admin.account')}
      >
        {account && <AccountDetail id={account} />}
      </Drawer>
    </section>
  );
}

function Row({ a, onOpen }: { a: AdminAccount; onOpen: () => void }) {
  const { t } = useTranslation();
  const line = [
    a.running > 0 && t('admin.n_running', { count: a.running }),
    a.waiting + a.kept > 0 && t('admin.n_waiting', { count: a.waiting + a.kept }),
  ].filter(Boolean);
  return (
    <UnstyledButton className={classes.item} onClick={onOpen} data-testid="account-row" data-email={a.email}>
      <span className={classes.avatar} aria-hidden>
        {a.email.slice(0, 1).toUpperCase()}
      </span>
      <span className={classes.main}>
        <strong>
          {a.email}
          {a.stopped && <code data-bad>{t('admin.stopped_badge')}</code>}
          {a.times !== 1 && <code>{`× ${a.times}`}</code>}
          {a.role === 'owner' && <code>{t('admin.owner')}</code>}
        </strong>
        <small>{line.length > 0 ? line.join(' · ') : t('admin.nothing_in_line')}</small>
      </span>
      <span className={classes.side}>
        <span>{a.plan_title}</span>
        <small className={classes.purse}>
          <TokenMark size={13} /> <span className="number">{shortTokens(a.available_mt)}</span>
        </small>
      </span>
    </UnstyledButton>
  );
}
