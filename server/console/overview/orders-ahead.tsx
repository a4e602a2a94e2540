/** Orders that are open, the nearest first. */
import { Group, Paper, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { OrderSummary } from '../../../shared/api/orders.ts';
import { areaName, listed, sentence } from '../../../shared/areas/area-words.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Empty } from '../../../shared/look/states.tsx';
import { useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Countdown, PhaseBadge } from '../parts/order-standing.tsx';
import { isOpen, standingAt } from '../words/order-standing.ts';
import { servicesWords } from '../words/orders.ts';

/** This page comes without the names of parts of countries, and fetches them when an order is about one. */
function usePartNames(areas: readonly string[]): void {
  const [, named] = useState(false);
  const wanted = areas.some((area) => /^[A-Z]{2}-/.test(area));
  useEffect(() => {
    if (wanted) void import('../../../shared/areas/named-parts.ts').then(() => named(true));
  }, [wanted]);
}

export function OrdersAhead({ orders }: { readonly orders: readonly OrderSummary[] }) {
  const now = useServerNow(5_000);
  const may = useMay();
  const open = orders
    .map((order) => ({ order, standing: standingAt(order, now) }))
    .filter(({ standing }) => isOpen(standing))
    .sort((a, b) => Date.parse(a.order.terms.effective) - Date.parse(b.order.terms.effective));
  usePartNames(open.flatMap(({ order }) => order.terms.areas));
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
    <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
      {open.map(({ order: { number, title, terms }, standing: { phase, next } }) => (
        <Paper key={number} component="li" withBorder p="sm">
          <Group justify="space-between" gap="sm">
            <div>
              <PageLink to="/orders/$number" params={{ number }} fw={600}>
                <Given>{title}</Given>
              </PageLink>
              <Text size="sm" c="dimmed">
                {number} · {sentence(servicesWords(terms.services))} in {listed(terms.areas.map(areaName))}
              </Text>
              {next && (
                <Text size="sm">
                  <Countdown next={next} />
                </Text>
              )}
            </div>
            <PhaseBadge phase={phase} />
          </Group>
        </Paper>
      ))}
    </Stack>
  );
}
