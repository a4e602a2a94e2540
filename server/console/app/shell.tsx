/** The frame around every page: where one is, where one can go, whose installation it is, and whether what is shown is live. */
import {
  AppShell,
  Badge,
  Burger,
  Group,
  Menu,
  Text,
  Tooltip,
  UnstyledButton,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconBook2,
  IconDeviceLaptop,
  IconDevicesPlus,
  IconGavel,
  IconLayoutDashboard,
  IconLogout,
  IconMoon,
  IconSettings,
  IconSun,
  IconUserCircle,
  IconUsers,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useLive } from '../client/live.tsx';
import { installationQuery, overviewQuery } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay, useSession, useSignOut } from '../client/session.tsx';
import { DemoBar } from '../demo/demo-bar.tsx';
import { NavigationLink, PageLink } from '../parts/links.tsx';
import { Given } from '../parts/words.tsx';
import { dateTime } from '../words/time.ts';
import classes from './shell.module.css';

const PAGES = [
  { to: '/', label: 'Overview', icon: IconLayoutDashboard, right: 'overview.show' },
  { to: '/devices', label: 'Devices', icon: IconDeviceLaptop, right: 'devices.list' },
  { to: '/orders', label: 'Orders', icon: IconGavel, right: 'orders.list' },
  { to: '/enrol', label: 'Enrol', icon: IconDevicesPlus, right: 'codes.list' },
  { to: '/people', label: 'People', icon: IconUsers, right: 'approvers.show' },
  { to: '/ledger', label: 'Ledger', icon: IconBook2, right: 'ledger.leaves' },
  { to: '/settings', label: 'Settings', icon: IconSettings, right: 'installation.show' },
] as const;

export function Shell() {
  const [opened, { toggle, close }] = useDisclosure();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const installation = useQuery(installationQuery).data;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  // A new page is announced and read from its beginning, as a loaded document would be.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the path that changes
  useEffect(() => {
    close();
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
    window.scrollTo(0, 0);
  }, [path]);

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', md: 'lg' }}
    >
      <a className={classes.skip} href="#main">
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" gap="sm" wrap="nowrap" justify="space-between">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? 'Close the menu' : 'Open the menu'}
              aria-expanded={opened}
            />
            <PageLink to="/" underline="never" c="inherit" className={classes.brand}>
              <img src="/icon.svg" alt="" width={26} height={26} />
              <Text fw={700}>Cordon</Text>
            </PageLink>
            {installation && (
              <Text c="dimmed" truncate visibleFrom="xs">
                <Given>{installation.organisation}</Given>
              </Text>
            )}
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ServerTime />
            <SchemeSwitch />
            <Account />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label="Pages">
        <Pages path={path} />
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1} className={classes.main}>
        {installation?.demo && <DemoBar />}
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

function Pages({ path }: { readonly path: string }) {
  const may = useMay();
  const mine = useQuery({ ...overviewQuery, enabled: may('overview.show') }).data?.waiting.filter((one) => one.mine);
  return PAGES.filter(({ right }) => may(right)).map(({ to, label, icon: Icon }) => {
    const here = to === '/' ? path === '/' : path.startsWith(to);
    const count = to === '/orders' ? mine?.filter(({ kind }) => kind === 'revision').length : 0;
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
  const now = useServerNow(10_000);
  const live = useLive();
  return (
    <Tooltip
      label={
        live
          ? "The server's clock, in your time zone. The page follows what happens."
          : 'The server does not answer at present: what you see may be old. The page tries again by itself.'
      }
    >
      <Badge color={live ? 'gray' : 'red'} tabIndex={0} className={classes.clock}>
        {live ? dateTime(now) : `Not live · ${dateTime(now)}`}
      </Badge>
    </Tooltip>
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

function Account() {
  const { account } = useSession();
  const signOut = useSignOut();
  const roles = [...new Set(account.grants.map(({ role }) => role))].join(', ') || 'no role';
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <UnstyledButton className={classes.icon} aria-label={`Your account: ${account.name}`}>
          <IconUserCircle size={24} aria-hidden />
          <Text size="sm" fw={500} visibleFrom="sm" truncate maw={140}>
            <Given>{account.name}</Given>
          </Text>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Given>{account.email}</Given> · {roles}
        </Menu.Label>
        <Menu.Item component={PageLink} to="/account" leftSection={<IconUserCircle size={16} aria-hidden />}>
          Your account
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
