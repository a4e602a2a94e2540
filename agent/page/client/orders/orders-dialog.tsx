import { Modal, Stack, Text, Title } from '@mantine/core';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { areasIn, dateTimeIn, reasonsIn, servicesIn } from '../../../../shared/order/notice-words/languages.ts';
import type { MessagingStatus, Notice } from '../../api.ts';
import { isolated } from '../words/names.ts';
import { inReadersLanguage, NOTICE_WORDS as words } from '../words/notice-words.ts';
import { ExitFact, OrderText, Words } from './order-text.tsx';
import classes from './orders.module.css';
import { useDisplayedOrders } from './use-displayed-orders.ts';

export function OrdersDialog({
  messagingStatus,
  opened,
  close,
}: {
  readonly messagingStatus: MessagingStatus;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  return (
    <Modal opened={opened} onClose={close} title={words.title} size="lg" {...inReadersLanguage}>
      <Orders notices={messagingStatus.notices} />
    </Modal>
  );
}

function Orders({ notices }: { readonly notices: readonly Notice[] }) {
  useDisplayedOrders(notices.map(({ order }) => order));
  if (notices.length === 0) return <Text>{words.none}</Text>;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {words.intro}
      </Text>
      {notices.map((notice) => (
        <Stack key={notice.order} component="article" gap="xs" className={classes.notice}>
          <Title order={3} size="h5">
            {words.order(isolated(notice.order))}: <UserText>{notice.title}</UserText>
          </Title>
          {notice.status !== 'active' && <Text size="sm">{words[notice.status]}</Text>}
          {notice.status === 'active' && notice.reasons.length === 0 && <Text size="sm">{words.noBlockedService}</Text>}
          <OrderText statement={notice.statement} authoritative={notice.authoritative} />
          <dl className={classes.facts}>
            <dt>{words.services}</dt>
            <dd>{servicesIn(words, notice.services)}</dd>
            <dt>{words.where}</dt>
            <dd>{areasIn(words, notice.areas)}</dd>
            {notice.reasons.length > 0 && (
              <>
                <dt>{words.why}</dt>
                <dd>{reasonsIn(words, notice.reasons, notice.areas, 'denied')}</dd>
              </>
            )}
            <dt>{words.from}</dt>
            <dd>{dateTimeIn(words, notice.effective)}</dd>
            <dt>{words.until}</dt>
            <dd>{notice.until === null ? words.open : dateTimeIn(words, notice.until)}</dd>
            {notice.exit && <ExitFact exit={notice.exit} />}
            {notice.appeal !== '' && (
              <>
                <dt>{words.appeal}</dt>
                <dd>
                  <Words>{notice.appeal}</Words>
                </dd>
              </>
            )}
          </dl>
        </Stack>
      ))}
    </Stack>
  );
}
