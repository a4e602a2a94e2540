import { Group, Stack, Text } from '@mantine/core';
import type { HiddenOrder, OrderSummary, OrderView } from '../../../shared/api/orders.ts';
import { Hint } from '../../../shared/look/hint.tsx';
import { dateTime, duration, relative } from '../../../shared/look/time-words.ts';
import { answerState } from '../../../shared/order/answer-deadline.ts';
import { Countdown, PhaseBadge } from '../parts/order-state.tsx';
import { Moment } from '../parts/words.tsx';
import { activeSince, isExiting, orderStateAt } from '../words/order-state.ts';
import { AnswerBadge } from './order-proceedings.tsx';
import { durationOf, zonedTime } from './rule-words.ts';
import { TwoZones } from './two-zones.tsx';

export function OrderHead({ order, now }: { readonly order: OrderView | HiddenOrder; readonly now: number }) {
  const { phase, next } = orderStateAt(order, now);
  const last = order.executions.at(-1);
  const { zone } = order.terms;
  return (
    <Stack gap={6} mt={4}>
      <Group gap="xs">
        <Text c="dimmed">{order.number}</Text>
        <PhaseBadge phase={phase} size="lg" />
        {phase === 'active' && (
          <Text>
            for <Elapsed since={activeSince(order)} now={now} />
          </Text>
        )}
        {(phase === 'ended' || phase === 'withdrawn') && last?.state === 'inactive' && (
          <Text>
            ended <Moment at={last.at} />
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
      {order.visibility !== 'hidden' && <AnswerBy order={order} now={now} />}
      {phase !== 'withdrawn' && order.visibility !== 'hidden' && <Leaving order={order} now={now} />}
      {phase === 'waiting' && !next && (
        <Text>
          The effective time has passed. An approver must confirm that the order takes effect immediately. Otherwise,
          propose the order again with a later time.
        </Text>
      )}
    </Stack>
  );
}

export function AnswerBy({
  order,
  now,
}: {
  readonly order: Exclude<OrderSummary, { visibility: 'hidden' }> | OrderView;
  readonly now: number;
}) {
  const state = answerState(order, now);
  if (state === null) return null;
  const { zone } = order.terms;
  return (
    <Group gap="xs">
      <AnswerBadge order={order} now={now} />
      {state.kind !== 'answered' && (
        <Text size="sm">
          Answer due by {zonedTime(state.at, zone)}, {relative(state.at, now)}.
        </Text>
      )}
    </Group>
  );
}

/** State of an exit (deletion of work data): its approval, and the period in which users can export data. */
function Leaving({ order, now }: { readonly order: OrderView; readonly now: number }) {
  const { mode, exportWindow, effective, zone } = order.terms;
  if (isExiting(order))
    return (
      <Text fw={600}>
        Exit approved. Service ends for good, and devices that the order certainly affects wipe their work data.
      </Text>
    );
  if (mode !== 'exit' || exportWindow === undefined) return null;
  const until = Date.parse(effective) + durationOf(exportWindow);
  return (
    <Text>
      {until > now
        ? `Users can export data until ${zonedTime(until, zone)}, ${relative(until, now)}. After that time, you can propose the exit (end of service with deletion of work data).`
        : 'The export window has ended. You can now propose the exit (end of service with deletion of work data).'}
    </Text>
  );
}

function Elapsed({ since, now }: { readonly since: number; readonly now: number }) {
  return (
    <Hint text={`Since ${dateTime(since)}`}>
      <time dateTime={new Date(since).toISOString()}>{duration(now - since)}</time>
    </Hint>
  );
}
