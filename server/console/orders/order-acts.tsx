/** What can be done about an order as it stands, by whoever may. */
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
import { actsOffered, isExiting } from '../words/order-standing.ts';
import type { PlainAct } from './act-dialog.tsx';

const ACTS = {
  extend: { label: 'New date', icon: IconCalendarTime },
  hold: { label: 'Hold', icon: IconPlayerPause },
  release: { label: 'Release', icon: IconPlayerPlay },
  exit: { label: 'Carry out the exit', icon: IconDoorExit },
  withdraw: { label: 'Withdraw', icon: IconCircleX },
} as const;

export function OrderActs({
  order,
  now,
  choose,
}: {
  readonly order: OrderView;
  readonly now: number;
  readonly choose: (act: PlainAct | 'extend') => void;
}) {
  const may = useMay();
  if (!may('orders.act')) return null;
  return actsOffered(order, now, isExiting(order)).map((act) => {
    if (act === 'revise') {
      return (
        <ButtonLink
          key={act}
          to="/orders/$number/revise"
          params={{ number: order.number }}
          variant="default"
          leftSection={<IconPencil size={16} aria-hidden />}
        >
          Change
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
