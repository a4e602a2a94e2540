import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { IconBan } from '@tabler/icons-react';
import { useState } from 'react';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { dateTimeIn, reasonsIn } from '../../../../shared/order/notice-words/languages.ts';
import type { Denial, MessagingStatus, Notice } from '../../api.ts';
import { ExportButton } from '../app/export-button.tsx';
import { isolated } from '../words/names.ts';
import { inReadersLanguage, NOTICE_WORDS as words } from '../words/notice-words.ts';
import { ExitFact, OrderText, Words } from './order-text.tsx';
import classes from './orders.module.css';
import { useDisplayedOrders } from './use-displayed-orders.ts';

export function DenialBanner({
  messagingStatus,
  collapsed,
}: {
  readonly messagingStatus: MessagingStatus;
  readonly collapsed: boolean;
}) {
  const { denials, notices, since } = messagingStatus;
  const [chosen, setOpened] = useState<boolean | null>(null);
  const opened = chosen ?? !collapsed;
  // True if the banner should say that no data is lost. An order that wipes data has its own text instead.
  const keeps = notices.every(({ order, exit }) => exit === null || denials.every((denial) => denial.order !== order));
  useDisplayedOrders(opened ? denials.map(({ order }) => order) : []);
  return (
    <section className={classes.banner} aria-label={words.suspended} {...inReadersLanguage}>
      <div className={classes.head}>
        <IconBan size={22} aria-hidden />
        <div className={classes.what}>
          <Title order={2} size="h5">
            {words.suspended}
          </Title>
          {denials.map(({ order, title, until }) => (
            <Text key={order} size="sm" fw={600}>
              {words.order(isolated(order))}: <UserText>{title}</UserText>{' '}
              {!opened && (until === null ? words.untilWithdrawn : words.untilDate(dateTimeIn(words, until)))}
            </Text>
          ))}
          {denials.length === 0 && <Text size="sm">{words.noDocuments}</Text>}
        </div>
        {denials.length > 0 && (
          <Button
            variant="default"
            size="xs"
            aria-expanded={opened}
            aria-controls="orders-in-force"
            onClick={() => setOpened(!opened)}
          >
            {opened ? words.less : words.more}
          </Button>
        )}
      </div>
      <div id="orders-in-force" hidden={!opened || denials.length === 0}>
        {denials.map((denial) => (
          <InForce
            key={denial.order}
            denial={denial}
            notice={notices.find(({ order }) => order === denial.order) ?? null}
            since={since}
          />
        ))}
        <Stack gap="xs" pt="sm">
          {keeps && <Text size="sm">{words.dataKept}</Text>}
          <Group>
            <ExportButton size="xs">{words.export}</ExportButton>
          </Group>
        </Stack>
      </div>
    </section>
  );
}

function InForce({
  denial: { reasons, until, waiting, appeal, statement, authoritative },
  notice,
  since,
}: {
  readonly denial: Denial;
  readonly notice: Notice | null;
  readonly since: number;
}) {
  // When this order began to suspend messaging. Another order may have closed the gate earlier.
  const begun = Math.max(since, notice?.effective ?? since);
  return (
    <div className={classes.body}>
      <OrderText statement={statement} authoritative={authoritative} />
      <dl className={classes.facts}>
        <dt>{words.why}</dt>
        <dd>{reasonsIn(words, reasons, notice?.areas ?? null, 'denied')}</dd>
        <dt>{words.since}</dt>
        <dd>{dateTimeIn(words, begun)}</dd>
        <dt>{words.until}</dt>
        <dd>{until === null ? words.open : dateTimeIn(words, until)}</dd>
        {notice?.exit && <ExitFact exit={notice.exit} />}
        <dt>{words.waiting}</dt>
        <dd>{words.waitingIs[waiting]}</dd>
        {appeal !== '' && (
          <>
            <dt>{words.appeal}</dt>
            <dd>
              <Words>{appeal}</Words>
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
