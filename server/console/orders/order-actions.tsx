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

const ACTION_BUTTONS = {
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
  readonly choose: (action: PlainAction | 'extend') => void;
}) {
  const may = useMay();
  if (!may('orders.revise')) return null;
  return allowedActions(order, now, isExiting(order)).map((action) => {
    if (action === 'revise') {
      return (
        <ButtonLink
          key={action}
          to="/orders/$number/revise"
          params={{ number: order.number }}
          variant="default"
          leftSection={<IconPencil size={16} aria-hidden />}
        >
          Change terms
        </ButtonLink>
      );
    }
    const { label, icon: Icon } = ACTION_BUTTONS[action];
    return (
      <Button
        key={action}
        variant={action === 'withdraw' || action === 'exit' ? 'light' : 'default'}
        {...((action === 'withdraw' || action === 'exit') && { color: 'red' })}
        leftSection={<Icon size={16} aria-hidden />}
        aria-haspopup="dialog"
        onClick={() => choose(action)}
      >
        {label}
      </Button>
    );
  });
}
