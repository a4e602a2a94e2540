/** Under an order's title: its number, where it stands, how long until that changes, and when that is, in its zone and in the reader's. */
import { Group, Stack, Text } from '@mantine/core';
import type { OrderView } from '../../../shared/api/orders.ts';
import { Hint } from '../../../shared/look/hint.tsx';
import { dateTime, duration } from '../../../shared/look/time-words.ts';
import { Countdown, PhaseBadge } from '../parts/order-standing.tsx';
import { Moment } from '../parts/words.tsx';
import { inForceSince, standingAt } from '../words/order-standing.ts';
import { TwoZones } from './two-zones.tsx';

export function OrderHead({ order, now }: { readonly order: OrderView; readonly now: number }) {
  const { phase, next } = standingAt(order, now);
  const last = order.executions.at(-1);
  const { zone } = order.terms;
  return (
    <Stack gap={6} mt={4}>
      <Group gap="xs">
        <Text c="dimmed">{order.number}</Text>
        <PhaseBadge phase={phase} size="lg" />
        {phase === 'in_force' && (
          <Text>
            for <Elapsed since={inForceSince(order)} now={now} />
          </Text>
        )}
        {(phase === 'ended' || phase === 'withdrawn') && last?.state === 'left' && (
          <Text>
            out of force <Moment at={last.at} />
          </Text>
        )}
      </Group>
      {next && (
        <div>
          <Text fw={600} size="lg">
            <Countdown next={next} />
          </Text>
          <TwoZones at={next.at} zone={zone} />
        </div>
      )}
      {phase === 'waiting' && !next && (
        <Text>Its time has passed while it waited: it is in force as soon as it is approved.</Text>
      )}
    </Stack>
  );
}

function Elapsed({ since, now }: { readonly since: number; readonly now: number }) {
  return (
    <Hint text={`Since ${dateTime(since)}`}>
      <time dateTime={new Date(since).toISOString()}>{duration(now - since)}</time>
    </Hint>
  );
}
