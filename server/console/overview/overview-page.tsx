/** The fleet at a glance: where it is, which orders are near, what waits for the one who looks, what is unwell. */
import { Alert, Badge, Grid, Group, Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconAlertOctagon, IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Overview } from '../../../shared/api/overview.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Empty } from '../../../shared/look/states.tsx';
import { ordersQuery, overviewQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { ACT_NAMES } from '../words/orders.ts';
import { AreaList } from './area-list.tsx';
import { markedBy } from './marked-areas.ts';
import { OrdersAhead } from './orders-ahead.tsx';
import classes from './overview-page.module.css';
import { WorldMap } from './world-map.tsx';

const COUNT_EVERY = 10_000;

export function OverviewPage() {
  const overview = useQuery({ ...overviewQuery, refetchInterval: COUNT_EVERY });
  return (
    <Page title="Overview">
      <Answer query={overview} lines={8}>
        {(data) => <Glance overview={data} />}
      </Answer>
    </Page>
  );
}

function Glance({ overview }: { readonly overview: Overview }) {
  const { devices, areas, unknown, waiting, unwell, backup, now } = overview;
  const may = useMay();
  const orders = useQuery(ordersQuery);
  const navigate = useNavigate();
  const ordered = useMemo(() => markedBy(orders.data?.orders ?? [], now), [orders.data, now]);
  const mine = waiting.filter((one) => one.mine);
  const open = (area: string) => void navigate({ to: '/devices', search: { area, status: 'active' } });

  return (
    <Stack gap="xl">
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
        <Figure label="Devices" value={devices.total} to="/devices" search={{ status: 'active' as const }} />
        <Figure
          label="Connected now"
          value={devices.connected}
          note={devices.total > 0 ? `${Math.round((devices.connected / devices.total) * 100)} % of the fleet` : null}
          to="/devices"
          search={{ status: 'active' as const, connected: true }}
        />
        <Figure label="Wait for you" value={mine.length} to="/orders" loud={mine.length > 0} />
        <Figure
          label="Unwell"
          value={unwell.length}
          note={unwell.length === 0 ? 'nothing to mend' : null}
          loud={unwell.some(({ severity }) => severity === 'critical')}
        />
      </SimpleGrid>

      {mine.length > 0 && (
        <Section title="Waits for you">
          <Stack gap="xs">
            {mine.map((one) => (
              <Waiting key={one.kind === 'revision' ? `${one.order} ${one.revision}` : one.version} waiting={one} />
            ))}
          </Stack>
        </Section>
      )}

      {devices.total === 0 ? (
        <Paper withBorder p="md">
          <Empty
            title="No device yet"
            {...(may('codes.create') && { action: <ButtonLink to="/enrol">Enrol the first device</ButtonLink> })}
          >
            A device joins by an activation link. Orders can be prepared before that.
          </Empty>
        </Paper>
      ) : (
        <Section title="Where the fleet is">
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
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Section title="Orders">
            <Answer query={orders}>{(data) => <OrdersAhead orders={data.orders} />}</Answer>
          </Section>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Section title="Unwell">
            {unwell.length === 0 ? (
              <Text c="dimmed">Nothing needs mending.</Text>
            ) : (
              <Stack gap="xs">
                {unwell.map((one) => (
                  <Unwell key={one.code} {...one} />
                ))}
              </Stack>
            )}
            {may('backup.create') && (
              <Text c="dimmed" size="sm">
                {backup === null ? (
                  'There is no backup yet.'
                ) : (
                  <>
                    Newest backup: <Moment at={backup} />
                  </>
                )}
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
}: {
  readonly label: string;
  readonly value: number;
  readonly note?: string | null;
  readonly loud?: boolean;
  readonly to?: '/devices' | '/orders';
  readonly search?: object;
}) {
  return (
    <Paper withBorder p="md" className={classes.figure} data-loud={loud || undefined}>
      <Text size="sm" c="dimmed">
        {to ? (
          <PageLink to={to} {...(search && { search })} className={classes.cover} c="inherit" underline="never">
            {label}
          </PageLink>
        ) : (
          label
        )}
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

function Waiting({ waiting }: { readonly waiting: Overview['waiting'][number] }) {
  if (waiting.kind === 'approvers') {
    return (
      <Paper withBorder p="sm">
        <Group justify="space-between" gap="sm">
          <Text>The list of approvers, version {waiting.version}, waits for your signature.</Text>
          <ButtonLink to="/people" search={{ tab: 'approvers' }} size="xs">
            Look and sign
          </ButtonLink>
        </Group>
      </Paper>
    );
  }
  const { order, title, act, approvals, needed, proposedAt } = waiting;
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" gap="sm">
        <div>
          <Text fw={600}>
            <Given>{title}</Given>{' '}
            <Text span c="dimmed" fw={400}>
              {order}
            </Text>
          </Text>
          <Text size="sm" c="dimmed">
            {ACT_NAMES[act]}, proposed <Moment at={proposedAt} />; {approvals} of {needed} approvals
          </Text>
        </div>
        <ButtonLink to="/orders/$number" params={{ number: order }} size="xs">
          Look and approve
        </ButtonLink>
      </Group>
    </Paper>
  );
}

const SEVERITIES = {
  critical: { color: 'red', icon: IconAlertOctagon, word: 'Critical' },
  warning: { color: 'yellow', icon: IconAlertTriangle, word: 'Warning' },
  notice: { color: 'gray', icon: IconInfoCircle, word: 'Notice' },
} as const;

function Unwell({ severity, count, detail }: Overview['unwell'][number]) {
  const { color, icon: Icon, word } = SEVERITIES[severity];
  return (
    <Alert color={color} icon={<Icon aria-label={word} />} p="sm">
      <Group gap="xs" wrap="nowrap" align="flex-start" justify="space-between">
        <Text size="sm">{detail}</Text>
        {count !== null && (
          <Badge color={color} variant="outline" className={classes.count}>
            {count.toLocaleString('en')}
          </Badge>
        )}
      </Group>
    </Alert>
  );
}
