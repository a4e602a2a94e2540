import { Button } from '@mantine/core';
import { IconCalendarTime } from '@tabler/icons-react';
import { useState } from 'react';
import { dateTimeIn } from '../../../../shared/order/notice-words/languages.ts';
import type { MessagingStatus } from '../../api.ts';
import { isolated } from '../words/names.ts';
import { inReadersLanguage, NOTICE_WORDS } from '../words/notice-words.ts';
import classes from './orders.module.css';
import { OrdersDialog } from './orders-dialog.tsx';

export function AnnouncedOrders({ messagingStatus }: { readonly messagingStatus: MessagingStatus }) {
  const [opened, setOpened] = useState(false);
  const coming = messagingStatus.notices
    .filter(({ services, effective, status }) => {
      return services.includes('messaging') && status === 'active' && effective > messagingStatus.now;
    })
    .sort((a, b) => a.effective - b.effective);
  const [first] = coming;
  if (!first) return null;
  return (
    <>
      <section className={classes.coming} aria-label={NOTICE_WORDS.title} {...inReadersLanguage}>
        <IconCalendarTime size={18} aria-hidden />
        <span>{NOTICE_WORDS.announcement(isolated(first.order), dateTimeIn(NOTICE_WORDS, first.effective))}</span>
        <Button size="compact-xs" variant="default" onClick={() => setOpened(true)}>
          {NOTICE_WORDS.read}
        </Button>
      </section>
      <OrdersDialog messagingStatus={messagingStatus} opened={opened} close={() => setOpened(false)} />
    </>
  );
}
