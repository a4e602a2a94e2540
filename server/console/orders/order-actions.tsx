import { Button } from '@mantine/core';
import {
  IconCalendarTime,
  IconCircleX,
  IconDoorExit,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
} from '@tabler/icons-react';
import type { OrderView } from '../../../shared/api/orders.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { allowedActions, isExiting } from '../words/order-state.ts';
import type { PlainAction } from './action-dialog.tsx';

const ACTS = {
  extend: { label: 'Extend order', icon: IconCalendarTime },
  pause: { label: 'Pause order', icon: IconPlayerPause },
  resume: { label: 'Resume order', icon: IconPlayerPlay },
  exit: { label: 'Start exit', icon: IconDoorExit },
  withdraw: { label: 'Withdraw order', icon: IconCircleX },
} as const;

export function OrderActions({
  order,
  now,
  choose,
}: {
  readonly order: OrderView;
  readonly now: number;
  readonly choose: (act: PlainAction | 'extend') => void;
}) {
  const may = useMay();
  if (!may('orders.act')) return null;
  return allowedActions(order, now, isExiting(order)).map((act) => {
    if (act === 'revise') {
      return (
        <ButtonLink
          key={act}
          to="/orders/$number/revise"
          params={{ number: order.number }}
          variant="default"
          leftSection={<IconPencil size={16} aria-hidden />}
        >
          Change terms
        </ButtonLink>
      );
    }
    const { label, icon: Icon } = ACTS[act];
    return (
      <Button
        key={act}
        variant={act === 'withdraw' || act === 'exit' ? 'light' : 'default'}
        {...((act === 'withdraw' || act === 'exit') && { color: 'red' })}
        leftSection={<Icon size={16} aria-hidden />}
        aria-haspopup="dialog"
        onClick={() => choose(act)}
      >
        {label}
      </Button>
    );
  });
}
