/** Orders that are open, the nearest first. */
import { Badge, Group, Paper, Stack, Text } from '@mantine/core';
import type { z } from 'zod';
import type { orderList } from '../../../shared/api/orders.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Empty } from '../parts/states.tsx';
import { Given } from '../parts/words.tsx';
import { areaName, listed } from '../words/areas.ts';
import { SERVICE_NAMES } from '../words/orders.ts';
import { dateTime } from '../words/time.ts';

export type OrderSummary = z.output<typeof orderList>['orders'][number];

export function OrdersAhead({ orders }: { readonly orders: readonly OrderSummary[] }) {
  const now = useServerNow(1_000);
  const may = useMay();
  const open = orders
    .filter(({ status, terms }) => status !== 'withdrawn' && (terms.until === null || Date.parse(terms.until) > now))
    .sort((a, b) => Date.parse(a.terms.effective) - Date.parse(b.terms.effective));
  if (open.length === 0) {
    return (
      <Empty
        title="No order is open"
        {...(may('orders.propose') && { action: <ButtonLink to="/orders/new">Propose an order</ButtonLink> })}
      >
        Every service runs everywhere. When a country orders one shut, the order is proposed, approved by two people and
        carried out here.
      </Empty>
    );
  }
  return (
    <Stack gap="xs">
      {open.map(({ number, title, terms, ...order }) => (
        <Paper key={number} withBorder p="sm">
          <Group justify="space-between" gap="sm">
            <div>
              <PageLink to="/orders/$number" params={{ number }} fw={600}>
                <Given>{title}</Given>
              </PageLink>
              <Text size="sm" c="dimmed">
                {number} · {listed(terms.services.map((service) => SERVICE_NAMES[service]))} in{' '}
                {listed(terms.areas.map(areaName))} · {dateTime(Date.parse(terms.effective), terms.zone)} {terms.zone}
              </Text>
            </div>
            <Badge>{order.status}</Badge>
          </Group>
        </Paper>
      ))}
    </Stack>
  );
}
