/** Under an order's title: its number, where it stands, how long until that changes, and when that is, in its zone and in the reader's. */
import { Group, Stack, Text } from '@mantine/core';
import type { OrderSummary, OrderView } from '../../../shared/api/orders.ts';
import { Hint } from '../../../shared/look/hint.tsx';
import { dateTime, duration, relative } from '../../../shared/look/time-words.ts';
import { Countdown, PhaseBadge } from '../parts/order-standing.tsx';
import { Moment } from '../parts/words.tsx';
import { inForceSince, isExiting, standingAt } from '../words/order-standing.ts';
import { durationOf, zonedTime } from './rule-words.ts';
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
      <AnswerBy status={order.status} terms={order.terms} now={now} />
      {phase !== 'withdrawn' && <Leaving order={order} now={now} />}
      {phase === 'waiting' && !next && (
        <Text>Its time has passed while it waited: it is in force as soon as it is approved.</Text>
      )}
    </Stack>
  );
}

/** Whoever demanded it waits for an answer: the nearest date of all, often before anything takes effect. Whether it was given is not known here. */
export function AnswerBy({ status, terms, now }: Pick<OrderSummary, 'status' | 'terms'> & { readonly now: number }) {
  if (terms.answerBy === undefined || status === 'withdrawn') return null;
  const at = Date.parse(terms.answerBy);
  if (at <= now) return null;
  return (
    <Text size="sm">
      To be answered by {zonedTime(at, terms.zone)}, {relative(at, now)}.
    </Text>
  );
}

/** Of an order that leaves a country for good: how long people can export, and whether the exit is approved. */
function Leaving({ order, now }: { readonly order: OrderView; readonly now: number }) {
  const { mode, exportWindow, effective, zone } = order.terms;
  if (isExiting(order))
    return <Text fw={600}>Its exit is approved: work data is wiped where it surely denies service.</Text>;
  if (mode !== 'exit' || exportWindow === undefined) return null;
  const until = Date.parse(effective) + durationOf(exportWindow);
  return (
    <Text>
      {until > now
        ? `People can export until ${zonedTime(until, zone)}, ${relative(until, now)}; then its exit can be proposed.`
        : 'People have had their time to export: its exit can be proposed.'}
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
