/** Every page and its address. A page's code is fetched when it is opened first; the overview, where nearly everybody begins, comes with the rest. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { z } from 'zod';
import { IMPACT_CHANGES, IMPACT_CLASSES } from '../../../shared/api/orders.ts';
import { Empty, Failure, Loading } from '../../../shared/look/states.tsx';
import { OverviewPage } from '../overview/overview-page.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { Shell } from './shell.tsx';

/** Nearly every page names parts of countries; the first one comes without five thousand names. */
async function withNames<Module>(page: Promise<Module>): Promise<Module> {
  await import('../../../shared/areas/named-parts.ts');
  return page;
}

const root = createRootRoute({ component: Shell });

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: OverviewPage,
});

/** What the list shows is in its address, so that it can be sent to a colleague. */
export const deviceSearch = z.object({
  text: z.string().optional().catch(undefined),
  group: z.string().optional().catch(undefined),
  area: z.string().optional().catch(undefined),
  status: z.enum(['active', 'revoked', 'unenrolled']).optional().catch(undefined),
  connected: z.boolean().optional().catch(undefined),
  sort: z.enum(['user', 'enrolled', 'seen']).optional().catch(undefined),
  descending: z.boolean().optional().catch(undefined),
  /** A command for many, whose progress is shown. */
  command: z.string().optional().catch(undefined),
});
export type DeviceSearch = z.output<typeof deviceSearch>;

export const devicesRoute = createRoute({
  getParentRoute: () => root,
  path: '/devices',
  validateSearch: deviceSearch,
  component: lazyRouteComponent(() => withNames(import('../devices/devices-page.tsx')), 'DevicesPage'),
});
export const deviceRoute = createRoute({
  getParentRoute: () => root,
  path: '/devices/$id',
  /** The past time at which the device is explained, in Unix milliseconds. */
  validateSearch: z.object({ at: z.int().min(0).optional().catch(undefined) }),
  component: lazyRouteComponent(() => withNames(import('../devices/device-page.tsx')), 'DevicePage'),
});

const orders = createRoute({
  getParentRoute: () => root,
  path: '/orders',
  component: lazyRouteComponent(() => withNames(import('../orders/orders-page.tsx')), 'OrdersPage'),
});
const newOrder = createRoute({
  getParentRoute: () => root,
  path: '/orders/new',
  component: lazyRouteComponent(() => withNames(import('../orders/propose-page.tsx')), 'ProposePage'),
});
export const orderRoute = createRoute({
  getParentRoute: () => root,
  path: '/orders/$number',
  component: lazyRouteComponent(() => withNames(import('../orders/order-page.tsx')), 'OrderPage'),
});
/** What is looked at stands in the address, so that counsel can send it to a colleague. */
const rehearsalSearch = z.object({
  revision: z.int().min(1).optional().catch(undefined),
  against: z
    .union([z.int().min(1), z.literal('none')])
    .optional()
    .catch(undefined),
  at: z.enum(['now', 'effective']).optional().catch(undefined),
  class: z.enum(IMPACT_CLASSES).optional().catch(undefined),
  change: z.enum(IMPACT_CHANGES).optional().catch(undefined),
  area: z.string().optional().catch(undefined),
  offset: z.int().min(0).optional().catch(undefined),
});
export type RehearsalSearch = z.output<typeof rehearsalSearch>;
const rehearsalRoute = createRoute({
  getParentRoute: () => root,
  path: '/orders/$number/rehearsal',
  validateSearch: rehearsalSearch,
  component: lazyRouteComponent(() => withNames(import('../orders/rehearsal/rehearsal-page.tsx')), 'RehearsalPage'),
});
export const reviseRoute = createRoute({
  getParentRoute: () => root,
  path: '/orders/$number/revise',
  component: lazyRouteComponent(() => withNames(import('../orders/propose-page.tsx')), 'RevisePage'),
});

export const enrolRoute = createRoute({
  getParentRoute: () => root,
  path: '/enrol',
  /** The device that is enrolled again, or the person who gets a new device. */
  validateSearch: z.object({
    device: z.string().optional().catch(undefined),
    person: z.string().optional().catch(undefined),
  }),
  component: lazyRouteComponent(() => withNames(import('../enrol/enrol-page.tsx')), 'EnrolPage'),
});
export const peopleRoute = createRoute({
  getParentRoute: () => root,
  path: '/people',
  validateSearch: z.object({
    tab: z.enum(['accounts', 'approvers', 'people', 'access', 'groups']).optional().catch(undefined),
  }),
  component: lazyRouteComponent(() => withNames(import('../people/people-page.tsx')), 'PeoplePage'),
});
export const personRoute = createRoute({
  getParentRoute: () => root,
  path: '/people/$id',
  component: lazyRouteComponent(() => withNames(import('../people/person-page.tsx')), 'PersonPage'),
});
const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => withNames(import('../people/account-page.tsx')), 'AccountPage'),
});
const holds = createRoute({
  getParentRoute: () => root,
  path: '/holds',
  validateSearch: z.object({ released: z.boolean().optional().catch(undefined) }),
  component: lazyRouteComponent(() => withNames(import('../holds/holds-page.tsx')), 'HoldsPage'),
});
const actions = createRoute({
  getParentRoute: () => root,
  path: '/actions',
  component: lazyRouteComponent(() => withNames(import('../actions/actions-page.tsx')), 'ActionsPage'),
});
const ledger = createRoute({
  getParentRoute: () => root,
  path: '/ledger',
  component: lazyRouteComponent(() => withNames(import('../ledger/ledger-page.tsx')), 'LedgerPage'),
});
const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => withNames(import('../settings/settings-page.tsx')), 'SettingsPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    devicesRoute,
    deviceRoute,
    orders,
    newOrder,
    orderRoute,
    rehearsalRoute,
    reviseRoute,
    enrolRoute,
    peopleRoute,
    personRoute,
    account,
    holds,
    actions,
    ledger,
    settings,
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error, reset }: ErrorComponentProps) => (
    <Page title="A page that failed">
      <Failure error={error} retry={reset} />
    </Page>
  ),
  defaultNotFoundComponent: () => (
    <Page title="Nothing here">
      <Empty title="There is no such page" action={<ButtonLink to="/">To the overview</ButtonLink>}>
        The address may be of an older version, or cut off.
      </Empty>
    </Page>
  ),
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
