/** Where an order stands, and how long until that changes by itself: by the server's clock. */
import { Badge, Text } from '@mantine/core';
import {
  IconBan,
  IconCircleCheck,
  IconCircleX,
  IconHourglass,
  IconPlayerPause,
  IconSquareRoundedCheck,
} from '@tabler/icons-react';
import { useServerNow } from '../client/server-time.tsx';
import { countdown } from '../words/countdown.ts';
import { PHASE_NAMES, type Phase, type Standing } from '../words/order-standing.ts';

const LOOKS = {
  waiting: { icon: IconHourglass, color: 'yellow' },
  coming: { icon: IconCircleCheck, color: 'cordon' },
  in_force: { icon: IconBan, color: 'red' },
  held: { icon: IconPlayerPause, color: 'grape' },
  ended: { icon: IconSquareRoundedCheck, color: 'gray' },
  withdrawn: { icon: IconCircleX, color: 'gray' },
} as const satisfies Record<Phase, unknown>;

export function PhaseBadge({ phase, size = 'md' }: { readonly phase: Phase; readonly size?: 'md' | 'lg' }) {
  const { icon: Icon, color } = LOOKS[phase];
  return (
    <Badge color={color} size={size} leftSection={<Icon size={14} aria-hidden />}>
      {PHASE_NAMES[phase]}
    </Badge>
  );
}

/** `Takes effect in 3 days 04:12:09`. A timer's role keeps a screen reader from announcing every second. */
export function Countdown({ next }: { readonly next: NonNullable<Standing['next']> }) {
  const now = useServerNow(1_000);
  return (
    <Text component="span" inherit role="timer" aria-live="off" style={{ fontVariantNumeric: 'tabular-nums' }}>
      {next.what} in {countdown(next.at - now)}
    </Text>
  );
}
