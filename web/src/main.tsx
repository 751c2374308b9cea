import '@fontsource-variable/inter/wght.css';
import './styles/mantine.css';
import './styles/base.css';
import './i18n';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { makeClient } from './shell/client';
import { makeRouter } from './shell/router';
import { theme, variables } from './theme';

const Toasts = lazy(() => import('./shell/Toasts').then((m) => ({ default: m.Toasts })));

const client = makeClient();
const router = makeRouter(client);
client.onUnauthenticated(() => void router.invalidate());

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <Suspense>
        <Toasts />
      </Suspense>
      <QueryClientProvider client={client.query}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
