/** Orders about messages that are announced and not in force yet: a quiet line with the date, and the order a press away. */
import { Button } from '@mantine/core';
import { IconCalendarTime } from '@tabler/icons-react';
import { useState } from 'react';
import { dateTime } from '../../../../shared/look/time-words.ts';
import type { Standing } from '../../api.ts';
import { WORDS } from '../words/english.ts';
import classes from './orders.module.css';
import { OrdersDialog } from './orders-dialog.tsx';

export function ComingOrders({ standing }: { readonly standing: Standing }) {
  const [opened, setOpened] = useState(false);
  const coming = standing.notices
    .filter(({ services, effective, status }) => {
      return services.includes('messaging') && status === 'active' && effective > standing.now;
    })
    .sort((a, b) => a.effective - b.effective);
  const [first] = coming;
  if (!first) return null;
  return (
    <>
      <section className={classes.coming} aria-label={WORDS.orders.title}>
        <IconCalendarTime size={18} aria-hidden />
        <span>{WORDS.orders.coming(first.order, dateTime(first.effective))}</span>
        <Button size="compact-xs" variant="default" onClick={() => setOpened(true)}>
          {WORDS.orders.read}
        </Button>
      </section>
      <OrdersDialog standing={standing} opened={opened} close={() => setOpened(false)} />
    </>
  );
}
