/** State of an order by the server clock, and the countdown to the next change of the state. */
import { Badge, Text } from '@mantine/core';
import {
  IconArrowBackUp,
  IconBan,
  IconCircleCheck,
  IconCircleX,
  IconClockX,
  IconHourglass,
  IconPlayerPause,
  IconSquareRoundedCheck,
  IconThumbDown,
} from '@tabler/icons-react';
import type { Phase } from '../../../shared/order/order-phase.ts';
import { useServerNow } from '../client/server-time.tsx';
import { countdown } from '../words/countdown.ts';
import { type OrderState, PHASE_NAMES } from '../words/order-state.ts';

const PHASE_STYLES = {
  waiting: { icon: IconHourglass, color: 'yellow' },
  expired: { icon: IconClockX, color: 'gray' },
  retracted: { icon: IconArrowBackUp, color: 'gray' },
  declined: { icon: IconThumbDown, color: 'red' },
  announced: { icon: IconCircleCheck, color: 'cordon' },
  active: { icon: IconBan, color: 'red' },
  paused: { icon: IconPlayerPause, color: 'grape' },
  ended: { icon: IconSquareRoundedCheck, color: 'gray' },
  withdrawn: { icon: IconCircleX, color: 'gray' },
} as const satisfies Record<Phase, unknown>;

export function PhaseBadge({ phase, size = 'md' }: { readonly phase: Phase; readonly size?: 'md' | 'lg' }) {
  const { icon: Icon, color } = PHASE_STYLES[phase];
  return (
    <Badge color={color} size={size} leftSection={<Icon size={14} aria-hidden />}>
      {PHASE_NAMES[phase]}
    </Badge>
  );
}

/** The role `timer` keeps a screen reader from announcing every second of the countdown. */
export function Countdown({ next }: { readonly next: NonNullable<OrderState['next']> }) {
  const now = useServerNow(1_000);
  return (
    <Text component="span" inherit role="timer" aria-live="off" style={{ fontVariantNumeric: 'tabular-nums' }}>
      {next.label} in {countdown(next.at - now)}
    </Text>
  );
}
