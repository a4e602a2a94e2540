/** List of orders with states, countdowns and pending approvals. Orders that can still change are at the top. */
import { Badge, Button, Group, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { OrderSummary } from '../../../shared/api/orders.ts';
import type { Overview } from '../../../shared/api/overview.ts';
import { areaName, listed, sentence } from '../../../shared/areas/area-words.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { ordersQuery, overviewQuery } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Countdown, PhaseBadge } from '../parts/order-state.tsx';
import { Page } from '../parts/page.tsx';
import { isOpen, orderStateAt } from '../words/order-state.ts';
import { ACTION_NAMES, servicesWords } from '../words/orders.ts';
import { AnswerBy } from './order-head.tsx';
import { zonedTime } from './rule-words.ts';

type Waiting = Extract<Overview['pendingApprovals'][number], { kind: 'revision' }>;

export function OrdersPage() {
  const may = useMay();
  const query = useQuery(ordersQuery);
  return (
    <Page
      title="Orders"
      lead="Orders that suspend services in areas, with their states and pending approvals."
      actions={may('orders.propose') && <ButtonLink to="/orders/new">Propose order</ButtonLink>}
    >
      <QueryResult query={query}>
        {({ orders }) => (orders.length === 0 ? <NoOrders /> : <Orders orders={orders} />)}
      </QueryResult>
    </Page>
  );
}

function NoOrders() {
  const may = useMay();
  return (
    <Empty
      title="No orders"
      {...(may('orders.propose') && { action: <ButtonLink to="/orders/new">Propose order</ButtonLink> })}
    >
      All services are available in all areas. To suspend a service in an area, propose an order. Two approvers must
      sign it.
    </Empty>
  );
}

const route = getRouteApi('/orders');
const SHOWN = ['open', 'all', 'mine'] as const;
type Shown = (typeof SHOWN)[number];

function Orders({ orders }: { readonly orders: readonly OrderSummary[] }) {
  const { show = 'open', numbers } = route.useSearch();
  const navigate = route.useNavigate();
  const setWhich = (which: Shown | undefined) => void navigate({ search: { show: which }, replace: true });
  const now = useServerNow(1_000);
  const may = useMay();
  const overview = useQuery({ ...overviewQuery, enabled: may('overview.show') }).data;
  const open = orders.filter((order) => isOpen(orderStateAt(order, now)));
  const mine = orders.filter(({ number }) => waitingOf(number, overview)?.mine);
  const which = { open, all: orders, mine }[show];
  const chosen = numbers === undefined ? which : orders.filter(({ number }) => numbers.includes(number));
  const shown = [...chosen].sort((a, b) => (a.number < b.number ? 1 : -1));
  return (
    <Stack gap="md">
      <SegmentedControl
        aria-label="Order filter"
        value={numbers === undefined ? show : 'chosen'}
        onChange={(value) => setWhich(SHOWN.find((each) => each === value))}
        data={[
          { value: 'open', label: `Open (${open.length})` },
          ...(mine.length > 0 || show === 'mine' ? [{ value: 'mine', label: `Pending for you (${mine.length})` }] : []),
          { value: 'all', label: `All (${orders.length})` },
          ...(numbers === undefined ? [] : [{ value: 'chosen', label: `Selected (${chosen.length})` }]),
        ]}
        style={{ alignSelf: 'flex-start' }}
      />
      {shown.length === 0 ? (
        <Empty
          title={show === 'mine' ? 'No orders pending for you' : 'No open orders'}
          action={
            <Button variant="default" onClick={() => setWhich('all')}>
              Show all orders
            </Button>
          }
        >
          Select “All” to see ended and withdrawn orders.
        </Empty>
      ) : (
        <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
          {shown.map((order) => (
            <li key={order.number}>
              <OrderCard order={order} now={now} waiting={waitingOf(order.number, overview)} />
            </li>
          ))}
        </Stack>
      )}
    </Stack>
  );
}

const waitingOf = (number: string, overview: Overview | undefined): Waiting | undefined =>
  overview?.pendingApprovals.find((each): each is Waiting => each.kind === 'revision' && each.order === number);

function OrderCard({
  order,
  now,
  waiting,
}: {
  readonly order: OrderSummary;
  readonly now: number;
  readonly waiting: Waiting | undefined;
}) {
  const { number, title, terms } = order;
  const { phase, next } = orderStateAt(order, now);
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" align="flex-start" gap="xs">
        <div style={{ minWidth: 0, flex: '1 1 18rem' }}>
          <Title order={2} size="h4">
            <PageLink to="/orders/$number" params={{ number }} fw={600}>
              <UserText>{title}</UserText>
            </PageLink>
          </Title>
          <Text size="sm">
            {sentence(servicesWords(terms.services))} in {listed(terms.areas.map(areaName))}
          </Text>
          <Text size="sm" c="dimmed">
            {number} · {phase === 'active' || phase === 'ended' ? 'took effect' : 'effective'}{' '}
            {zonedTime(Date.parse(terms.effective), terms.zone)}
          </Text>
          {order.visibility !== 'hidden' && <AnswerBy order={order} now={now} />}
        </div>
        <Stack gap={4} align="flex-end" ml="auto">
          <PhaseBadge phase={phase} />
          {next && (
            <Text size="sm">
              <Countdown next={next} />
            </Text>
          )}
        </Stack>
      </Group>
      {waiting && (
        <Group gap="xs" mt="xs">
          {waiting.mine ? (
            <Badge variant="filled">Pending for you</Badge>
          ) : (
            <Badge color="yellow">Pending: {approvers(waiting.needed - waiting.approvals)}</Badge>
          )}
          <Text size="sm" c="dimmed">
            {ACTION_NAMES[waiting.action]} (revision {waiting.revision}), {waiting.approvals} of {waiting.needed}{' '}
            {waiting.needed === 1 ? 'approval' : 'approvals'}
          </Text>
        </Group>
      )}
    </Paper>
  );
}

const approvers = (count: number) => `${count} ${count === 1 ? 'approver' : 'approvers'}`;
