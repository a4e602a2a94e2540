import { Group, Paper, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { OrderSummary } from '../../../shared/api/orders.ts';
import { areaName, listed, sentence } from '../../../shared/areas/area-words.ts';
import { Empty } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Countdown, PhaseBadge } from '../parts/order-state.tsx';
import { isOpen, orderStateAt } from '../words/order-state.ts';
import { servicesWords } from '../words/orders.ts';

function usePartNames(areas: readonly string[]): void {
  const [, named] = useState(false);
  const hasSubdivisions = areas.some((area) => /^[A-Z]{2}-/.test(area));
  useEffect(() => {
    if (hasSubdivisions) void import('../../../shared/areas/register-part-names.ts').then(() => named(true));
  }, [hasSubdivisions]);
}

export function OpenOrders({ orders }: { readonly orders: readonly OrderSummary[] }) {
  const now = useServerNow(5_000);
  const may = useMay();
  const open = orders
    .map((order) => ({ order, state: orderStateAt(order, now) }))
    .filter(({ state }) => isOpen(state))
    .sort((a, b) => Date.parse(a.order.terms.effective) - Date.parse(b.order.terms.effective));
  usePartNames(open.flatMap(({ order }) => order.terms.areas));
  if (open.length === 0) {
    return (
      <Empty
        title="No open orders"
        {...(may('orders.propose') && { action: <ButtonLink to="/orders/new">Propose order</ButtonLink> })}
      >
        All services are available in all areas. To suspend a service in an area, propose an order. Two approvers must
        sign it.
      </Empty>
    );
  }
  return (
    <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
      {open.map(({ order: { number, title, terms }, state: { phase, next } }) => (
        <Paper key={number} component="li" withBorder p="sm">
          <Group justify="space-between" gap="sm">
            <div>
              <PageLink to="/orders/$number" params={{ number }} fw={600}>
                <UserText>{title}</UserText>
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
