/** Orders about messages that are announced and not in force yet: a quiet line with the date, and the order a press away. */
import { Button } from '@mantine/core';
import { IconCalendarTime } from '@tabler/icons-react';
import { useState } from 'react';
import { dateTimeIn } from '../../../../shared/order/notice-words/notice-words.ts';
import type { Standing } from '../../api.ts';
import { apart } from '../words/names.ts';
import { inReadersLanguage, NOTICE_WORDS } from '../words/reader.ts';
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
      <section className={classes.coming} aria-label={NOTICE_WORDS.title} {...inReadersLanguage}>
        <IconCalendarTime size={18} aria-hidden />
        <span>{NOTICE_WORDS.coming(apart(first.order), dateTimeIn(NOTICE_WORDS, first.effective))}</span>
        <Button size="compact-xs" variant="default" onClick={() => setOpened(true)}>
          {NOTICE_WORDS.read}
        </Button>
      </section>
      <OrdersDialog standing={standing} opened={opened} close={() => setOpened(false)} />
    </>
  );
}
