/** Frame of every page: navigation, account menu, and the state of the connection to the server. */

import { Badge, NavLink, Text, UnstyledButton } from '@mantine/core';
import {
  IconBook2,
  IconClipboardCheck,
  IconDeviceLaptop,
  IconDevicesPlus,
  IconFileSearch,
  IconGavel,
  IconLayoutDashboard,
  IconListCheck,
  IconMail,
  IconMenu2,
  IconMoon,
  IconPackages,
  IconScale,
  IconSettings,
  IconShieldCheck,
  IconSun,
  IconTerminal2,
  IconUsers,
  IconX,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { createLink, Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useColorScheme } from '../../../shared/look/color-scheme.ts';
import { Hint } from '../../../shared/look/hint.tsx';
import { useLive } from '../../../shared/look/live-updates.tsx';
import { Empty, PendingNotice } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { PendingAction } from '../actions/pending-action.tsx';
import { actionsQuery } from '../actions/queries.ts';
import { installationQuery, overviewQuery } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay, useSession } from '../client/session.tsx';
import { PageLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { AccountMenu } from './account-menu.tsx';
import { PasskeyConfirmation } from './passkey-confirmation.tsx';
import classes from './shell.module.css';
import { StepUp } from './step-up.tsx';

const DemoBar = lazy(() => import('../demo/demo-bar.tsx').then((module) => ({ default: module.DemoBar })));
const NavigationLink = createLink(NavLink<'a'>);

const PAGES = [
  { to: '/', label: 'Overview', icon: IconLayoutDashboard, right: 'overview.show' },
  { to: '/devices', label: 'Devices', icon: IconDeviceLaptop, right: 'devices.list' },
  { to: '/software', label: 'Software', icon: IconPackages, right: 'software.list' },
  { to: '/jobs', label: 'Jobs', icon: IconListCheck, right: 'jobs.list' },
  { to: '/orders', label: 'Orders', icon: IconGavel, right: 'orders.list' },
  { to: '/enroll', label: 'Enrollment', icon: IconDevicesPlus, right: 'codes.list' },
  { to: '/policies', label: 'Policies', icon: IconClipboardCheck, right: 'policies.list' },
  { to: '/scripts', label: 'Scripts', icon: IconTerminal2, right: 'scripts.list' },
  { to: '/compliance', label: 'Compliance', icon: IconShieldCheck, right: 'compliance.list' },
  { to: '/people', label: 'People & access', icon: IconUsers, right: 'approvers.show' },
  { to: '/mail', label: 'Mail', icon: IconMail, right: 'mail.show' },
  { to: '/holds', label: 'Legal holds', icon: IconScale, right: 'legal-holds.list' },
  { to: '/disclosures', label: 'Disclosures', icon: IconFileSearch, right: 'transparency.statements' },
  { to: '/ledger', label: 'Audit & ledger', icon: IconBook2, right: 'ledger.entries' },
  { to: '/settings', label: 'Settings', icon: IconSettings, right: 'installation.show' },
] as const;
/** Pages without a navigation entry of their own, each with the navigation entry that is highlighted for the page. */
const PARENTS: Readonly<Record<string, string>> = {
  '/actions': '/',
  '/alerts': '/',
  '/queries': '/devices',
  '/recovery': '/settings',
  '/notifications': '/settings',
  '/roles': '/settings',
};

export const Shell = () => (
  <PendingNotice.Provider value={pendingNotice}>
    <PageFrame />
  </PendingNotice.Provider>
);

const pendingNotice = (id: string) => <PendingAction id={id} />;

function PageFrame() {
  const [opened, setOpened] = useState(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const hasNoRole = useSession().account.grants.length === 0;
  const installation = useQuery({ ...installationQuery, enabled: !hasNoRole }).data;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  // Keyboard focus moves to the new page, so that a screen reader reads the page from its start.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the path that changes
  useEffect(() => {
    setOpened(false);
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);

  const MenuIcon = opened ? IconX : IconMenu2;
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main">
        Skip to content
      </a>
      <header className={classes.header}>
        <UnstyledButton
          className={classes.burger}
          aria-label={opened ? 'Close menu' : 'Open menu'}
          aria-expanded={opened}
          aria-controls="pages"
          onClick={() => setOpened(!opened)}
        >
          <MenuIcon size={22} aria-hidden />
        </UnstyledButton>
        <PageLink to="/" underline="never" c="inherit" className={classes.brand}>
          <img src="/icon.svg" alt="" width={26} height={26} />
          <Text span fw={700}>
            Cordon
          </Text>
        </PageLink>
        <Text c="dimmed" truncate className={classes.organization}>
          {installation && <UserText>{installation.organization}</UserText>}
        </Text>
        <ServerTime />
        <SchemeSwitch />
        <AccountMenu />
      </header>
      <nav id="pages" className={classes.nav} aria-label="Pages" data-opened={opened || undefined}>
        <Pages path={path} />
      </nav>
      <main id="main" ref={main} tabIndex={-1} className={classes.main}>
        {installation?.demo && (
          <Suspense>
            <DemoBar />
          </Suspense>
        )}
        <StepUp />
        <PasskeyConfirmation />
        {hasNoRole && path !== '/account' ? <NoRole /> : <Outlet />}
      </main>
    </div>
  );
}

function NoRole() {
  return (
    <Page title="Welcome">
      <Empty title="Your account has no role">
        Ask an admin with the role owner to give you a role. The pages for that role then appear here.
      </Empty>
    </Page>
  );
}

function Pages({ path }: { readonly path: string }) {
  const may = useMay();
  const mine = useQuery({ ...overviewQuery, enabled: may('overview.show') }).data?.pendingApprovals.filter(
    (one) => one.mine,
  );
  const actions = useQuery({ ...actionsQuery, enabled: may('actions.list') }).data?.actions;
  const shown = PARENTS[path] ?? path;
  const counts: Readonly<Record<string, number | undefined>> = {
    '/orders': mine?.filter(({ kind }) => kind === 'revision').length,
    '/': actions?.filter(({ status, mine: own, confirmable }) => status === 'pending' && !own && confirmable).length,
  };
  return PAGES.filter(({ right }) => may(right)).map(({ to, label, icon: Icon }) => {
    const here = to === '/' ? shown === '/' : shown.startsWith(to);
    const count = counts[to];
    return (
      <NavigationLink
        key={to}
        to={to}
        label={label}
        active={here}
        leftSection={<Icon size={18} aria-hidden />}
        className={classes.page}
        rightSection={
          count ? (
            <Badge variant="filled" size="sm" aria-label={`${count} pending for you`}>
              {count}
            </Badge>
          ) : null
        }
        {...(here && { 'aria-current': 'page' as const })}
      />
    );
  });
}

function ServerTime() {
  const now = useServerNow(1_000);
  const live = useLive();
  return (
    <span className={classes.clock} data-live={live}>
      <Hint
        text={
          live
            ? 'This is the server time, in your time zone. The page updates automatically.'
            : 'The server does not respond. The data on this page may be out of date. The page reconnects automatically.'
        }
      >
        {live ? dateTime(now) : `Offline · ${dateTime(now)}`}
      </Hint>
    </span>
  );
}

function SchemeSwitch() {
  const { dark, toggle } = useColorScheme();
  const Icon = dark ? IconSun : IconMoon;
  return (
    <UnstyledButton className={classes.icon} aria-label={dark ? 'Use light theme' : 'Use dark theme'} onClick={toggle}>
      <Icon size={20} aria-hidden />
    </UnstyledButton>
  );
}
