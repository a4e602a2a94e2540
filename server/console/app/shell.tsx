/** The frame around every page: where one is, where one can go, whose installation it is, and whether what is shown is live. */
import { Badge, NavLink, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import {
  IconBook2,
  IconDeviceLaptop,
  IconDevicesPlus,
  IconGavel,
  IconLayoutDashboard,
  IconMenu2,
  IconMoon,
  IconScale,
  IconSettings,
  IconSun,
  IconUserCheck,
  IconUsers,
  IconX,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { createLink, Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Given } from '../../../shared/look/given.tsx';
import { Hint } from '../../../shared/look/hint.tsx';
import { Empty } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { actionsQuery } from '../actions/queries.ts';
import { useLive } from '../client/live.tsx';
import { installationQuery, overviewQuery } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay, useSession } from '../client/session.tsx';
import { PageLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { AccountMenu } from './account-menu.tsx';
import classes from './shell.module.css';
import { StepUp } from './step-up.tsx';

const DemoBar = lazy(() => import('../demo/demo-bar.tsx').then((module) => ({ default: module.DemoBar })));
const NavigationLink = createLink(NavLink<'a'>);

const PAGES = [
  { to: '/', label: 'Overview', icon: IconLayoutDashboard, right: 'overview.show' },
  { to: '/devices', label: 'Devices', icon: IconDeviceLaptop, right: 'devices.list' },
  { to: '/orders', label: 'Orders', icon: IconGavel, right: 'orders.list' },
  { to: '/actions', label: 'Pending actions', icon: IconUserCheck, right: 'actions.list' },
  { to: '/enrol', label: 'Enrol', icon: IconDevicesPlus, right: 'codes.list' },
  { to: '/people', label: 'People', icon: IconUsers, right: 'approvers.show' },
  { to: '/holds', label: 'Legal holds', icon: IconScale, right: 'legal-holds.list' },
  { to: '/ledger', label: 'Ledger', icon: IconBook2, right: 'ledger.leaves' },
  { to: '/settings', label: 'Settings', icon: IconSettings, right: 'installation.show' },
] as const;

export function Shell() {
  const [opened, setOpened] = useState(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const isNobody = useSession().account.grants.length === 0;
  const installation = useQuery({ ...installationQuery, enabled: !isNobody }).data;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  // A new page is announced and read from its beginning, as a loaded document would be.
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
        Skip to the page
      </a>
      <header className={classes.header}>
        <UnstyledButton
          className={classes.burger}
          aria-label={opened ? 'Close the menu' : 'Open the menu'}
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
        <Text c="dimmed" truncate className={classes.organisation}>
          {installation && <Given>{installation.organisation}</Given>}
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
        {isNobody && path !== '/account' ? <NoRole /> : <Outlet />}
      </main>
    </div>
  );
}

function NoRole() {
  return (
    <Page title="Welcome">
      <Empty title="You have no role yet">
        An owner of this installation can give you one. This page shows what you may do as soon as they have.
      </Empty>
    </Page>
  );
}

function Pages({ path }: { readonly path: string }) {
  const may = useMay();
  const mine = useQuery({ ...overviewQuery, enabled: may('overview.show') }).data?.waiting.filter((one) => one.mine);
  const actions = useQuery({ ...actionsQuery, enabled: may('actions.list') }).data?.actions;
  const counts: Readonly<Record<string, number | undefined>> = {
    '/orders': mine?.filter(({ kind }) => kind === 'revision').length,
    '/actions': actions?.filter(({ status, mine: own }) => status === 'pending' && !own).length,
  };
  return PAGES.filter(({ right }) => may(right)).map(({ to, label, icon: Icon }) => {
    const here = to === '/' ? path === '/' : path.startsWith(to);
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
            <Badge variant="filled" size="sm" aria-label={`${count} wait for you`}>
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
            ? "The server's clock, in your time zone. The page follows what happens."
            : 'The server does not answer at present: what you see may be old. The page tries again by itself.'
        }
      >
        {live ? dateTime(now) : `Not live · ${dateTime(now)}`}
      </Hint>
    </span>
  );
}

function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const dark = colorScheme === 'dark' || (colorScheme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  const Icon = dark ? IconSun : IconMoon;
  return (
    <UnstyledButton
      className={classes.icon}
      aria-label={dark ? 'Use light colours' : 'Use dark colours'}
      onClick={() => setColorScheme(dark ? 'light' : 'dark')}
    >
      <Icon size={20} aria-hidden />
    </UnstyledButton>
  );
}
