import { Text, Title } from '@mantine/core';
import { IconBan } from '@tabler/icons-react';
import { dateTime } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { reasonsIn } from '../../../../shared/order/notice-words/languages.ts';
import type { MailStatus } from '../../mail-api.ts';
import { OrderText } from '../orders/order-text.tsx';
import orderClasses from '../orders/orders.module.css';
import { useDisplayedOrders } from '../orders/use-displayed-orders.ts';
import { MAIL_WORDS } from '../words/mail-words.ts';
import { isolated } from '../words/names.ts';
import { NOTICE_WORDS } from '../words/notice-words.ts';

const words = MAIL_WORDS.banner;

/** Orders that suspend mail on this device, each with its text, its effect on waiting mail, and the contact for an appeal. */
export function MailBanner({ denials }: { readonly denials: MailStatus['denials'] }) {
  useDisplayedOrders(denials.map(({ order }) => order));
  return (
    <section className={orderClasses.banner} aria-label={words.title}>
      <div className={orderClasses.head}>
        <IconBan size={22} aria-hidden />
        <div className={orderClasses.what}>
          <Title order={2} size="h5">
            {words.title}
          </Title>
          {denials.length === 0 && <Text size="sm">{words.noDocuments}</Text>}
          {denials.map((denial) => (
            <InForce key={denial.order} denial={denial} />
          ))}
          <Text size="sm" mt="xs">
            {words.kept}
          </Text>
        </div>
      </div>
    </section>
  );
}

function InForce({
  denial: { order, title, reasons, until, waiting, appeal, statement, authoritative },
}: {
  readonly denial: MailStatus['denials'][number];
}) {
  return (
    <div className={orderClasses.body}>
      <Text size="sm" fw={600}>
        {MAIL_WORDS.reader.order(isolated(order))}: <UserText>{title}</UserText>
      </Text>
      <OrderText statement={statement} authoritative={authoritative} />
      <dl className={orderClasses.facts}>
        <dt>{words.why}</dt>
        <dd lang={NOTICE_WORDS.tag} dir={NOTICE_WORDS.direction}>
          {reasonsIn(NOTICE_WORDS, reasons, null)}
        </dd>
        <dt>{words.until}</dt>
        <dd>{until === null ? words.open : dateTime(until)}</dd>
        <dt>{words.waiting}</dt>
        <dd>{words.waitingIs[waiting]}</dd>
        {appeal !== '' && (
          <>
            <dt>{words.appeal}</dt>
            <dd>
              <UserText>{appeal}</UserText>
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
