import { Grid, Group, Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import type { Overview } from '../../../shared/api/overview.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { actionsQuery } from '../actions/queries.ts';
import { ordersQuery, overviewQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { ACTION_NAMES } from '../words/orders.ts';
import { AreaList } from './area-list.tsx';
import { HealthIssues } from './health-issues.tsx';
import { marksOfOrders } from './map-marks.ts';
import { OpenOrders } from './open-orders.tsx';
import classes from './overview-page.module.css';
import { SetupChecklist, useSetup } from './setup-checklist.tsx';
import { WorldMap } from './world-map.tsx';

/** The card is loaded separately, so that the catalog of settings is not part of the first load. */
const ComplianceCard = lazy(() =>
  import('../compliance/compliance-card.tsx').then((module) => ({ default: module.ComplianceCard })),
);

const COUNT_EVERY = 10_000;

export function OverviewPage() {
  const overview = useQuery({ ...overviewQuery, refetchInterval: COUNT_EVERY });
  return (
    <Page title="Overview" actions={<PageLinks />}>
      <QueryResult query={overview} lines={8}>
        {(data) => <Glance overview={data} />}
      </QueryResult>
    </Page>
  );
}

function PageLinks() {
  const may = useMay();
  const actions = useQuery({ ...actionsQuery, enabled: may('actions.list') }).data?.actions ?? [];
  const pending = actions.filter(({ status }) => status === 'pending').length;
  return (
    <>
      {may('actions.list') && (
        <ButtonLink to="/actions" variant="default" size="xs">
          {pending > 0 ? `Pending actions (${pending})` : 'Pending actions'}
        </ButtonLink>
      )}
      {may('alerts.list') && (
        <ButtonLink to="/alerts" variant="default" size="xs">
          Alerts
        </ButtonLink>
      )}
    </>
  );
}

function Glance({ overview }: { readonly overview: Overview }) {
  const { devices, areas, unknown, pendingApprovals, healthIssues, backup, now } = overview;
  const setup = useSetup(overview.setup);
  const may = useMay();
  const orders = useQuery({ ...ordersQuery, enabled: may('orders.list') });
  const navigate = useNavigate();
  const ordered = useMemo(() => marksOfOrders(orders.data?.orders ?? [], now), [orders.data, now]);
  const mine = pendingApprovals.filter((one) => one.mine);
  const open = (area: string) => void navigate({ to: '/devices', search: { area, status: 'active' } });

  return (
    <Stack gap="xl">
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
        <Figure label="Active devices" value={devices.total} to="/devices" search={{ status: 'active' as const }} />
        <Figure
          label="Connected devices"
          value={devices.connected}
          note={
            devices.total > 0 ? `${Math.round((devices.connected / devices.total) * 100)} % of active devices` : null
          }
          to="/devices"
          search={{ status: 'active' as const, connected: true }}
        />
        <Figure label="Pending approvals" value={mine.length} to="/" hash="waits-for-you" loud={mine.length > 0} />
        <Figure
          label="Health issues"
          value={healthIssues.length}
          to="/"
          hash="health-issues"
          loud={healthIssues.some(({ severity }) => severity === 'critical')}
        />
      </SimpleGrid>

      {devices.total > 0 && may('compliance.counts') && (
        <Suspense>
          <ComplianceCard />
        </Suspense>
      )}

      {setup.steps && <SetupChecklist steps={setup.steps} dismiss={setup.dismiss} />}

      {mine.length > 0 && (
        <Section id="waits-for-you" title="Your pending approvals">
          <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
            {mine.map((one) => (
              <li key={one.kind === 'revision' ? `${one.order} ${one.revision}` : one.version}>
                <Waiting waiting={one} />
              </li>
            ))}
          </Stack>
        </Section>
      )}

      {devices.total === 0 && setup.steps ? null : devices.total === 0 ? (
        <Paper withBorder p="md">
          <Empty
            title="No devices"
            {...(may('codes.create') && { action: <ButtonLink to="/enroll">Enroll device</ButtonLink> })}
          >
            Enroll the first device with an activation link. You can already prepare orders.
          </Empty>
        </Paper>
      ) : unknown === null ? null : (
        <Section title="Device locations">
          <Grid gap="lg">
            <Grid.Col span={{ base: 12, md: 8 }}>
              <WorldMap areas={areas} ordered={ordered} open={open} />
            </Grid.Col>
            <Grid.Col span={{ base: 12, md: 4 }}>
              <AreaList areas={areas} unknown={unknown} ordered={ordered} />
            </Grid.Col>
          </Grid>
        </Section>
      )}

      <Grid gap="lg">
        {may('orders.list') && (
          <Grid.Col span={{ base: 12, md: 7 }}>
            <Section title="Orders">
              <QueryResult query={orders}>{(data) => <OpenOrders orders={data.orders} />}</QueryResult>
            </Section>
          </Grid.Col>
        )}
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Section id="health-issues" title="Health issues">
            <HealthIssues issues={healthIssues} />
            {may('backup.create') && backup !== null && (
              <Text c="dimmed" size="sm">
                Latest backup: <Moment at={backup} />
              </Text>
            )}
          </Section>
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

function Figure({
  label,
  value,
  note = null,
  loud = false,
  to,
  search,
  hash,
}: {
  readonly label: string;
  readonly value: number;
  readonly note?: string | null;
  readonly loud?: boolean;
  readonly to: '/devices' | '/';
  readonly search?: object;
  readonly hash?: string;
}) {
  return (
    <Paper withBorder p="md" className={classes.figure} data-loud={loud || undefined}>
      <Text size="sm" c="dimmed">
        <PageLink
          to={to}
          {...(search && { search })}
          {...(hash !== undefined && { hash })}
          className={classes.cover}
          c="inherit"
          underline="never"
        >
          {label}
        </PageLink>
      </Text>
      <Text fz={28} fw={700} lh={1.2} className={classes.value}>
        {value.toLocaleString('en')}
      </Text>
      {note !== null && (
        <Text size="xs" c="dimmed">
          {note}
        </Text>
      )}
    </Paper>
  );
}

function Waiting({ waiting }: { readonly waiting: Overview['pendingApprovals'][number] }) {
  if (waiting.kind === 'approvers') {
    return (
      <Paper withBorder p="sm">
        <Group justify="space-between" gap="sm">
          <Text>Approver set {waiting.version} needs your signature.</Text>
          <ButtonLink to="/people" search={{ tab: 'approvers' }} size="xs">
            Review approver set
          </ButtonLink>
        </Group>
      </Paper>
    );
  }
  const { order, title, action, approvals, needed, proposedAt } = waiting;
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" gap="sm">
        <div>
          <Text fw={600}>
            <UserText>{title}</UserText>{' '}
            <Text span c="dimmed" fw={400}>
              {order}
            </Text>
          </Text>
          <Text size="sm" c="dimmed">
            {ACTION_NAMES[action]}, proposed <Moment at={proposedAt} />; {approvals} of {needed} approvals
          </Text>
        </div>
        <ButtonLink to="/orders/$number" params={{ number: order }} size="xs">
          Review order
        </ButtonLink>
      </Group>
    </Paper>
  );
}
