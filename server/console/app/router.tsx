/** Pages and their addresses. The code of a page loads when a user first opens the page; only the overview is part of the first load. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { z } from 'zod';
import { CLI_SIGN_IN_PATH } from '../../../shared/api/cli-sign-in.ts';
import { Empty, Failure, Loading } from '../../../shared/look/states.tsx';
import { OverviewPage } from '../overview/overview-page.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import {
  alertSearch,
  complianceSearch,
  deviceSearch,
  jobSearch,
  ledgerSearch,
  rehearsalSearch,
  roleSearch,
  softwareSearch,
  versionSearch,
} from './searches.ts';
import { Shell } from './shell.tsx';

/**
 * Component of a page, together with the styles that only pages need. These styles come before the page's own styles, which may override
 * them.
 */
function lazyPage<Module extends object, Name extends keyof Module>(load: () => Promise<Module>, name: Name) {
  return lazyRouteComponent(async () => (await Promise.all([import('./page-styles.ts'), load()]))[1], name);
}

/** Loads a page together with the five thousand names of subdivisions. The overview loads without these names. */
async function withNames<Module>(page: Promise<Module>): Promise<Module> {
  await import('../../../shared/areas/register-part-names.ts');
  return page;
}

const root = createRootRoute({ component: Shell });

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: OverviewPage,
});

export const devicesRoute = createRoute({
  getParentRoute: () => root,
  path: '/devices',
  validateSearch: deviceSearch,
  component: lazyPage(() => withNames(import('../devices/devices-page.tsx')), 'DevicesPage'),
});
export const deviceRoute = createRoute({
  getParentRoute: () => root,
  path: '/devices/$id',
  validateSearch: z.object({ at: z.int().min(0).optional().catch(undefined) }),
  component: lazyPage(() => withNames(import('../devices/device-page.tsx')), 'DevicePage'),
});

const software = createRoute({
  getParentRoute: () => root,
  path: '/software',
  validateSearch: softwareSearch,
  component: lazyPage(() => withNames(import('../software/software-page.tsx')), 'SoftwarePage'),
});
const softwareTitle = createRoute({
  getParentRoute: () => root,
  path: '/software/$id',
  validateSearch: versionSearch,
  component: lazyPage(() => withNames(import('../software/title-page.tsx')), 'TitlePage'),
});
const advisory = createRoute({
  getParentRoute: () => root,
  path: '/software/advisories/$id',
  component: lazyPage(() => withNames(import('../software/advisory-page.tsx')), 'AdvisoryPage'),
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: '/jobs',
  validateSearch: jobSearch,
  component: lazyPage(() => import('../jobs/jobs-page.tsx'), 'JobsPage'),
});
const job = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$id',
  component: lazyPage(() => import('../jobs/job-page.tsx'), 'JobPage'),
});
const queries = createRoute({
  getParentRoute: () => root,
  path: '/queries',
  component: lazyPage(() => import('../live-queries/queries-page.tsx'), 'QueriesPage'),
});
const query = createRoute({
  getParentRoute: () => root,
  path: '/queries/$id',
  component: lazyPage(() => import('../live-queries/query-page.tsx'), 'QueryPage'),
});
const orders = createRoute({
  getParentRoute: () => root,
  path: '/orders',
  validateSearch: z.object({
    show: z.enum(['open', 'all', 'mine']).optional().catch(undefined),
    numbers: z.array(z.string()).max(200).optional().catch(undefined),
  }),
  component: lazyPage(() => withNames(import('../orders/orders-page.tsx')), 'OrdersPage'),
});
const newOrder = createRoute({
  getParentRoute: () => root,
  path: '/orders/new',
  component: lazyPage(() => withNames(import('../orders/propose-page.tsx')), 'ProposePage'),
});
export const orderRoute = createRoute({
  getParentRoute: () => root,
  path: '/orders/$number',
  component: lazyPage(() => withNames(import('../orders/order-page.tsx')), 'OrderPage'),
});
const rehearsalRoute = createRoute({
  getParentRoute: () => root,
  path: '/orders/$number/rehearsal',
  validateSearch: rehearsalSearch,
  component: lazyPage(() => withNames(import('../orders/rehearsal/rehearsal-page.tsx')), 'RehearsalPage'),
});
export const reviseRoute = createRoute({
  getParentRoute: () => root,
  path: '/orders/$number/revise',
  component: lazyPage(() => withNames(import('../orders/propose-page.tsx')), 'RevisePage'),
});

const cliSignIn = createRoute({
  getParentRoute: () => root,
  path: CLI_SIGN_IN_PATH,
  component: lazyPage(() => import('../sign-in/cli-sign-in-page.tsx'), 'CliSignInPage'),
});
export const enrollmentRoute = createRoute({
  getParentRoute: () => root,
  path: '/enroll',
  validateSearch: z.object({
    device: z.string().optional().catch(undefined),
    person: z.string().optional().catch(undefined),
  }),
  component: lazyPage(() => withNames(import('../enrollment/enrollment-page.tsx')), 'EnrollmentPage'),
});
export const peopleRoute = createRoute({
  getParentRoute: () => root,
  path: '/people',
  validateSearch: z.object({
    tab: z.enum(['accounts', 'approvers', 'people', 'access', 'groups']).optional().catch(undefined),
  }),
  component: lazyPage(() => withNames(import('../people/people-page.tsx')), 'PeoplePage'),
});
export const personRoute = createRoute({
  getParentRoute: () => root,
  path: '/people/$id',
  component: lazyPage(() => withNames(import('../people/person-page.tsx')), 'PersonPage'),
});
const newGroup = createRoute({
  getParentRoute: () => root,
  path: '/groups/new',
  component: lazyPage(() => import('../groups/new-group-page.tsx'), 'NewGroupPage'),
});
export const groupRoute = createRoute({
  getParentRoute: () => root,
  path: '/groups/$id',
  component: lazyPage(() => withNames(import('../groups/group-page.tsx')), 'GroupPage'),
});
const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyPage(() => withNames(import('../people/account-page.tsx')), 'AccountPage'),
});
const holds = createRoute({
  getParentRoute: () => root,
  path: '/holds',
  validateSearch: z.object({ released: z.boolean().optional().catch(undefined) }),
  component: lazyPage(() => withNames(import('../holds/holds-page.tsx')), 'HoldsPage'),
});
const mail = createRoute({
  getParentRoute: () => root,
  path: '/mail',
  component: lazyPage(() => import('../mail/mail-page.tsx'), 'MailPage'),
});
const actions = createRoute({
  getParentRoute: () => root,
  path: '/actions',
  component: lazyPage(() => withNames(import('../actions/actions-page.tsx')), 'ActionsPage'),
});
const disclosures = createRoute({
  getParentRoute: () => root,
  path: '/disclosures',
  validateSearch: z.object({
    tab: z.enum(['requests', 'authorities', 'refusals', 'transparency']).optional().catch(undefined),
  }),
  component: lazyPage(() => withNames(import('../disclosures/disclosures-page.tsx')), 'DisclosuresPage'),
});
const newDisclosure = createRoute({
  getParentRoute: () => root,
  path: '/disclosures/new',
  component: lazyPage(() => import('../disclosures/form/request-form-page.tsx'), 'RequestFormPage'),
});
const disclosure = createRoute({
  getParentRoute: () => root,
  path: '/disclosures/$id',
  component: lazyPage(() => import('../disclosures/request-page.tsx'), 'RequestPage'),
});
const ledger = createRoute({
  getParentRoute: () => root,
  path: '/ledger',
  validateSearch: ledgerSearch,
  component: lazyPage(() => withNames(import('../ledger/ledger-page.tsx')), 'LedgerPage'),
});
const policies = createRoute({
  getParentRoute: () => root,
  path: '/policies',
  component: lazyPage(() => import('../policies/policies-page.tsx'), 'PoliciesPage'),
});
const newPolicy = createRoute({
  getParentRoute: () => root,
  path: '/policies/new',
  component: lazyPage(() => import('../policies/policy-editor-page.tsx'), 'NewPolicyPage'),
});
const policy = createRoute({
  getParentRoute: () => root,
  path: '/policies/$id',
  component: lazyPage(() => import('../policies/policy-page.tsx'), 'PolicyPage'),
});
const editPolicy = createRoute({
  getParentRoute: () => root,
  path: '/policies/$id/edit',
  component: lazyPage(() => import('../policies/policy-editor-page.tsx'), 'EditPolicyPage'),
});
const scripts = createRoute({
  getParentRoute: () => root,
  path: '/scripts',
  component: lazyPage(() => import('../scripts/scripts-page.tsx'), 'ScriptsPage'),
});
const newScript = createRoute({
  getParentRoute: () => root,
  path: '/scripts/new',
  component: lazyPage(() => import('../scripts/script-editor-page.tsx'), 'NewScriptPage'),
});
const script = createRoute({
  getParentRoute: () => root,
  path: '/scripts/$id',
  component: lazyPage(() => withNames(import('../scripts/script-page.tsx')), 'ScriptPage'),
});
const editScript = createRoute({
  getParentRoute: () => root,
  path: '/scripts/$id/edit',
  component: lazyPage(() => import('../scripts/script-editor-page.tsx'), 'EditScriptPage'),
});
const compliance = createRoute({
  getParentRoute: () => root,
  path: '/compliance',
  validateSearch: complianceSearch,
  component: lazyPage(() => import('../compliance/compliance-page.tsx'), 'CompliancePage'),
});
const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyPage(() => withNames(import('../settings/settings-page.tsx')), 'SettingsPage'),
});
const roles = createRoute({
  getParentRoute: () => root,
  path: '/roles',
  validateSearch: roleSearch,
  component: lazyPage(() => import('../roles/roles-page.tsx'), 'RolesPage'),
});
const notifications = createRoute({
  getParentRoute: () => root,
  path: '/notifications',
  validateSearch: z.object({ tab: z.enum(['rules', 'channels', 'deliveries']).optional().catch(undefined) }),
  component: lazyPage(() => import('../notifications/notifications-page.tsx'), 'NotificationsPage'),
});
const recovery = createRoute({
  getParentRoute: () => root,
  path: '/recovery',
  component: lazyPage(() => import('../recovery/recovery-page.tsx'), 'RecoveryPage'),
});
const alerts = createRoute({
  getParentRoute: () => root,
  path: '/alerts',
  validateSearch: alertSearch,
  component: lazyPage(() => import('../alerts/alerts-page.tsx'), 'AlertsPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    devicesRoute,
    deviceRoute,
    software,
    softwareTitle,
    advisory,
    jobs,
    job,
    queries,
    query,
    orders,
    newOrder,
    orderRoute,
    rehearsalRoute,
    reviseRoute,
    enrollmentRoute,
    cliSignIn,
    peopleRoute,
    personRoute,
    newGroup,
    groupRoute,
    account,
    holds,
    mail,
    actions,
    disclosures,
    newDisclosure,
    disclosure,
    ledger,
    scripts,
    newScript,
    script,
    editScript,
    policies,
    newPolicy,
    policy,
    editPolicy,
    compliance,
    settings,
    recovery,
    roles,
    notifications,
    alerts,
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error, reset }: ErrorComponentProps) => (
    <Page title="Page error">
      <Failure error={error} retry={reset} />
    </Page>
  ),
  defaultNotFoundComponent: () => (
    <Page title="Page not found">
      <Empty title="This page does not exist" action={<ButtonLink to="/">Open overview</ButtonLink>}>
        The web address may be incomplete or outdated. Check the address, or start from the overview.
      </Empty>
    </Page>
  ),
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
