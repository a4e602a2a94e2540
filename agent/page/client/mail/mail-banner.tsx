import { Button, Text, Title } from '@mantine/core';
import { IconBan } from '@tabler/icons-react';
import { useId, useState } from 'react';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { dateTimeIn, reasonsIn } from '../../../../shared/order/notice-words/languages.ts';
import type { MailStatus } from '../../mail-api.ts';
import { OrderText } from '../orders/order-text.tsx';
import orderClasses from '../orders/orders.module.css';
import { useDisplayedOrders } from '../orders/use-displayed-orders.ts';
import { MAIL_WORDS } from '../words/mail/mail-words.ts';
import { isolated } from '../words/names.ts';
import { NOTICE_WORDS } from '../words/notice-words.ts';

const words = MAIL_WORDS.banner;

/**
 * Orders that suspend mail on this device, each with its text, its effect on waiting mail, and the contact for an appeal. `folded`: true if
 * the banner shows only the orders' titles until the user opens it.
 */
export function MailBanner({ denials, folded }: { readonly denials: MailStatus['denials']; readonly folded: boolean }) {
  const [chosen, setOpened] = useState<boolean | null>(null);
  const opened = chosen ?? !folded;
  const id = useId();
  useDisplayedOrders(opened ? denials.map(({ order }) => order) : []);
  return (
    <section className={orderClasses.banner} aria-label={words.title}>
      <div className={orderClasses.head}>
        <IconBan size={22} aria-hidden />
        <div className={orderClasses.what}>
          <Title order={2} size="h5">
            {words.title}
          </Title>
          {denials.length === 0 && <Text size="sm">{words.noDocuments}</Text>}
          {denials.map(({ order, title, until }) => (
            <Text key={order} size="sm" fw={600}>
              {NOTICE_WORDS.order(isolated(order))}: <UserText>{title}</UserText>{' '}
              {!opened &&
                (until === null
                  ? NOTICE_WORDS.untilWithdrawn
                  : NOTICE_WORDS.untilDate(dateTimeIn(NOTICE_WORDS, until)))}
            </Text>
          ))}
        </div>
        {denials.length > 0 && (
          <Button
            variant="default"
            size="xs"
            aria-expanded={opened}
            aria-controls={id}
            onClick={() => setOpened(!opened)}
          >
            {opened ? NOTICE_WORDS.less : NOTICE_WORDS.more}
          </Button>
        )}
      </div>
      <div id={id} hidden={!opened || denials.length === 0}>
        {denials.map((denial) => (
          <InForce key={denial.order} denial={denial} />
        ))}
        <Text size="sm" mt="xs">
          {words.kept}
        </Text>
      </div>
    </section>
  );
}

function InForce({
  denial: { reasons, until, waiting, appeal, statement, authoritative },
}: {
  readonly denial: MailStatus['denials'][number];
}) {
  return (
    <div className={orderClasses.body}>
      <OrderText statement={statement} authoritative={authoritative} />
      <dl className={orderClasses.facts}>
        <dt>{NOTICE_WORDS.why}</dt>
        <dd>{reasonsIn(NOTICE_WORDS, reasons, null, 'denied')}</dd>
        <dt>{NOTICE_WORDS.until}</dt>
        <dd>{until === null ? NOTICE_WORDS.open : dateTimeIn(NOTICE_WORDS, until)}</dd>
        <dt>{words.waiting}</dt>
        <dd>{words.waitingIs[waiting]}</dd>
        {appeal !== '' && (
          <>
            <dt>{NOTICE_WORDS.appeal}</dt>
            <dd>
              <UserText>{appeal}</UserText>
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
