/** Every order, those that are open first: where it stands, how long until that changes, and whom it waits for. */
import { Badge, Button, Group, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { OrderSummary } from '../../../shared/api/orders.ts';
import type { Overview } from '../../../shared/api/overview.ts';
import { areaName, listed, sentence } from '../../../shared/areas/area-words.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Empty } from '../../../shared/look/states.tsx';
import { ordersQuery, overviewQuery } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Countdown, PhaseBadge } from '../parts/order-standing.tsx';
import { Page } from '../parts/page.tsx';
import { isOpen, standingAt } from '../words/order-standing.ts';
import { ACT_NAMES, servicesWords } from '../words/orders.ts';
import { AnswerBy } from './order-head.tsx';
import { zonedTime } from './rule-words.ts';

type Waiting = Extract<Overview['waiting'][number], { kind: 'revision' }>;

export function OrdersPage() {
  const may = useMay();
  const query = useQuery(ordersQuery);
  return (
    <Page
      title="Orders"
      lead="What is shut where, by whose word, and since when."
      actions={may('orders.propose') && <ButtonLink to="/orders/new">Propose an order</ButtonLink>}
    >
      <Answer query={query}>{({ orders }) => (orders.length === 0 ? <NoOrders /> : <Orders orders={orders} />)}</Answer>
    </Page>
  );
}

function NoOrders() {
  const may = useMay();
  return (
    <Empty
      title="No orders"
      {...(may('orders.propose') && { action: <ButtonLink to="/orders/new">Propose an order</ButtonLink> })}
    >
      Every service runs everywhere. When a country orders a service shut, propose the order here: two approvers sign
      it, and devices carry it out at its time.
    </Empty>
  );
}

function Orders({ orders }: { readonly orders: readonly OrderSummary[] }) {
  const [which, setWhich] = useState<'open' | 'all'>('open');
  const now = useServerNow(1_000);
  const may = useMay();
  const overview = useQuery({ ...overviewQuery, enabled: may('overview.show') }).data;
  const open = orders.filter((order) => isOpen(standingAt(order, now)));
  const shown = [...(which === 'open' ? open : orders)].sort((a, b) => (a.number < b.number ? 1 : -1));
  return (
    <Stack gap="md">
      <SegmentedControl
        aria-label="Which orders"
        value={which}
        onChange={(value) => setWhich(value === 'all' ? 'all' : 'open')}
        data={[
          { value: 'open', label: `Open (${open.length})` },
          { value: 'all', label: `All (${orders.length})` },
        ]}
        style={{ alignSelf: 'flex-start' }}
      />
      {shown.length === 0 ? (
        <Empty
          title="No order is open"
          action={
            <Button variant="default" onClick={() => setWhich('all')}>
              Show all
            </Button>
          }
        >
          Every service runs everywhere. Those that have ended or were withdrawn are under All.
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
  overview?.waiting.find((each): each is Waiting => each.kind === 'revision' && each.order === number);

function OrderCard({
  order: { number, title, terms, ...order },
  now,
  waiting,
}: {
  readonly order: OrderSummary;
  readonly now: number;
  readonly waiting: Waiting | undefined;
}) {
  const { phase, next } = standingAt({ ...order, terms }, now);
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" align="flex-start" gap="xs">
        <div style={{ minWidth: 0, flex: '1 1 18rem' }}>
          <Title order={2} size="h4">
            <PageLink to="/orders/$number" params={{ number }} fw={600}>
              <Given>{title}</Given>
            </PageLink>
          </Title>
          <Text size="sm">
            {sentence(servicesWords(terms.services))} in {listed(terms.areas.map(areaName))}
          </Text>
          <Text size="sm" c="dimmed">
            {number} · {phase === 'in_force' || phase === 'ended' ? 'took effect' : 'effective'}{' '}
            {zonedTime(Date.parse(terms.effective), terms.zone)}
          </Text>
          <AnswerBy status={order.status} terms={terms} now={now} />
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
            <Badge variant="filled">Waits for you</Badge>
          ) : (
            <Badge color="yellow">Waits for {approvers(waiting.needed - waiting.approvals)}</Badge>
          )}
          <Text size="sm" c="dimmed">
            {ACT_NAMES[waiting.act]} (revision {waiting.revision}), {waiting.approvals} of {waiting.needed}{' '}
            {waiting.needed === 1 ? 'approval' : 'approvals'}
          </Text>
        </Group>
      )}
    </Paper>
  );
}

const approvers = (count: number) => `${count} ${count === 1 ? 'approver' : 'approvers'}`;
