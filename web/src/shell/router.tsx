import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { ApiError } from '../api/errors';
import { queries } from '../api/queries';
import { openDesk } from '../create/store';
import { Broken, Missing } from './Broken';
import type { Client } from './client';

interface Context {
  query: QueryClient;
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: Missing,
});

const door = (search: Record<string, unknown>): { next?: string } => ({ next: text(search.next) });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/signin',
  validateSearch: door,
  component: lazyRouteComponent(() => import('../account/SignIn'), 'SignIn'),
});

const signUp = createRoute({
  getParentRoute: () => root,
  path: '/signup',
  validateSearch: door,
  component: lazyRouteComponent(() => import('../account/SignUp'), 'SignUp'),
});

const owner = createRoute({
  getParentRoute: () => root,
  path: '/owner',
  validateSearch: (search: Record<string, unknown>) => ({ token: text(search.token) }),
  component: lazyRouteComponent(() => import('../account/Owner'), 'Owner'),
});

/** Where an invitation leads, signed in or not yet. Its secret stands after the #, which browsers do not send. */
const join = createRoute({
  getParentRoute: () => root,
  path: '/join',
  component: lazyRouteComponent(() => import('../team/JoinPage'), 'JoinPage'),
});

/** Everything that needs an account. */
const studio = createRoute({
  getParentRoute: () => root,
  id: 'studio',
  beforeLoad: async ({ context, location }) => {
    try {
      const session = await context.query.ensureQueryData(queries.session());
      openDesk(session.account.id);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401)
        throw redirect({
          to: '/signin',
          search: { next: location.href === '/' ? undefined : location.href },
        });
      throw error;
    }
  },
  errorComponent: Broken,
  component: lazyRouteComponent(() => import('./Shell'), 'Shell'),
});

const create = createRoute({
  getParentRoute: () => studio,
  path: '/',
  component: lazyRouteComponent(() => import('../create/CreatePage'), 'CreatePage'),
});

const picture = createRoute({
  getParentRoute: () => studio,
  path: '/g/$id',
  validateSearch: (search: Record<string, unknown>): { i?: number } => {
    const i = Number(search.i);
    return { i: Number.isInteger(i) && i > 0 ? i : undefined };
  },
  component: lazyRouteComponent(() => import('../picture/PicturePage'), 'PicturePage'),
});

const edit = createRoute({
  getParentRoute: () => studio,
  path: '/edit/$id',
  component: lazyRouteComponent(() => import('../edit/EditPage'), 'EditPage'),
});

const wallet = createRoute({
  getParentRoute: () => studio,
  path: '/wallet',
  component: lazyRouteComponent(() => import('../wallet/pages'), 'WalletPage'),
});

const plans = createRoute({
  getParentRoute: () => studio,
  path: '/plans',
  component: lazyRouteComponent(() => import('../wallet/pages'), 'PlansPage'),
});

const packs = createRoute({
  getParentRoute: () => studio,
  path: '/packs',
  component: lazyRouteComponent(() => import('../wallet/pages'), 'PacksPage'),
});

const payments = createRoute({
  getParentRoute: () => studio,
  path: '/payments',
  component: lazyRouteComponent(() => import('../wallet/pages'), 'InvoicesPage'),
});

const unsubscribe = createRoute({
  getParentRoute: () => root,
  path: '/unsubscribe',
  validateSearch: (search: Record<string, unknown>) => ({ token: text(search.token) }),
  component: lazyRouteComponent(() => import('../wallet/pages'), 'Unsubscribe'),
});

const keys = createRoute({
  getParentRoute: () => studio,
  path: '/keys',
  component: lazyRouteComponent(() => import('../wallet/pages'), 'KeysPage'),
});

const teams = createRoute({
  getParentRoute: () => studio,
  path: '/teams',
  component: lazyRouteComponent(() => import('../team/TeamsPage'), 'TeamsPage'),
});

const team = createRoute({
  getParentRoute: () => studio,
  path: '/teams/$id',
  component: lazyRouteComponent(() => import('../team/TeamPage'), 'TeamPage'),
});

const teamPlan = createRoute({
  getParentRoute: () => studio,
  path: '/teams/$id/plan',
  component: lazyRouteComponent(() => import('../wallet/pages'), 'TeamPlanPage'),
});

/** For whoever runs the studio; the server asks for the role. */
const admin = createRoute({
  getParentRoute: () => studio,
  path: '/admin/{-$tab}',
  validateSearch: (search: Record<string, unknown>): { account?: string; code?: string; state?: string } => ({
    account: text(search.account),
    code: text(search.code),
    state: text(search.state),
  }),
  component: lazyRouteComponent(() => import('../admin/AdminPage'), 'AdminPage'),
});

const tree = root.addChildren([
  signIn,
  signUp,
  owner,
  unsubscribe,
  join,
  studio.addChildren([
    create,
    picture,
    edit,
    wallet,
    plans,
    packs,
    payments,
    keys,
    teams,
    team,
    teamPlan,
    admin,
  ]),
]);

export function makeRouter(client: Client) {
  return createRouter({
    routeTree: tree,
    context: { query: client.query },
    defaultPreload: 'intent',
    defaultPendingMs: 200,
    defaultErrorComponent: Broken,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
