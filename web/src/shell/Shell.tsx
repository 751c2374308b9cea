import { useDisclosure, useHotkeys, useNetwork } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useLayoutEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { openStream } from '../api/events';
import { useSession } from '../api/queries';
import type { Generation } from '../api/types';
import { BottomBar } from './BottomBar';
import { Rail } from './Rail';
import classes from './shell.module.css';
import { TopBar } from './TopBar';
import { useRunningTitle } from './title';

const Alerts = lazy(() => import('../alerts/Alerts').then((m) => ({ default: m.Alerts })));
const ShortcutSheet = lazy(() => import('./ShortcutSheet').then((m) => ({ default: m.ShortcutSheet })));

/** The frame around every page of somebody signed in; it owns the live stream. */
export function Shell() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { data: session } = useSession();
  const network = useNetwork();
  const [connected, setConnected] = useState(true);
  const [sheet, { open, close, toggle }] = useDisclosure(false);
  const account = session?.account.id;

  useEffect(() => {
    if (!account) return;
    const tellIfAway = (g: Generation) => {
      if (g.state === 'cancelled') return;
      if (window.location.pathname === '/' && document.visibilityState === 'visible') return;
      const done = g.state === 'complete';
      notifications.show({
        title: done ? t('shell.done', { count: g.count }) : t('shell.failed'),
        message: g.prompt.slice(0, 80),
        color: done ? 'vermilion' : 'red',
        onClick: () => void navigate(done ? { to: '/g/$id', params: { id: g.id } } : { to: '/' }),
        style: { cursor: 'pointer' },
      });
    };
    let quiet: ReturnType<typeof setTimeout> | undefined;
    const stop = openStream(client, {
      onFinished: tellIfAway,
      onConnection: (up) => {
        if (up) {
          clearTimeout(quiet);
          quiet = undefined;
          setConnected(true);
        }
        // A break shorter than this mends itself before anybody needs to know; each vain attempt tells us again.
        else quiet ??= setTimeout(() => setConnected(false), 4000);
      },
    });
    return () => {
      clearTimeout(quiet);
      stop();
    };
  }, [client, account, navigate, t]);

  useHotkeys([
    ['shift+Slash', toggle],
    ['shift+?', toggle],
    ['g', () => void navigate({ to: '/' })],
    ['w', () => void navigate({ to: '/wallet' })],
  ]);
  useRunningTitle();

  // Pages begin at their top; the gallery keeps its own place.
  const pathname = useRouterState({ select: (s) => s.resolvedLocation?.pathname });
  useLayoutEffect(() => {
    window.history.scrollRestoration = 'manual';
    if (pathname && pathname !== '/') window.scrollTo(0, 0);
  }, [pathname]);

  const offline = !network.online || !connected;
  return (
    <div className={classes.frame} data-studio>
      <a href="#main" className={classes.skip}>
        {t('shell.skip')}
      </a>
      <Rail onHelp={open} />
      <TopBar />
      <main id="main" tabIndex={-1} className={classes.main}>
        {offline && (
          <div className={classes.offline} role="status" data-offline>
            {t(network.online ? 'shell.reconnecting' : 'shell.offline')}
          </div>
        )}
        <Suspense>
          <Alerts />
        </Suspense>
        <Outlet />
      </main>
      <BottomBar onHelp={open} />
      <Suspense>{sheet && <ShortcutSheet opened onClose={close} />}</Suspense>
    </div>
  );
}
