/** What the device itself has said about orders, signed by its own key. */
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Answer } from '../../../../shared/look/states.tsx';
import { useMay } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import { receiptSentence } from '../../words/devices.ts';
import { receiptsQuestion } from '../queries.ts';
import classes from './device.module.css';
import { FewAtFirst } from './few-at-first.tsx';
import { OrderLink } from './services-section.tsx';

export function ReceiptsSection({ id }: { readonly id: string }) {
  const may = useMay();
  const query = useQuery({ ...receiptsQuestion(id), enabled: may('devices.receipts') });
  if (!may('devices.receipts')) return null;
  return (
    <Section title="What it has said about orders">
      <Answer query={query} lines={3}>
        {({ receipts }) =>
          receipts.length === 0 ? (
            <Text c="dimmed">Nothing yet: no order has concerned it.</Text>
          ) : (
            <FewAtFirst items={receipts} few={6} noun="receipts">
              {(shown) => (
                <ul className={classes.list}>
                  {shown.map((receipt) => (
                    <li key={JSON.stringify(receipt)}>
                      <Text size="sm">{receiptSentence(receipt)}</Text>
                      <Text size="sm" c="dimmed">
                        <OrderLink number={receipt.order} />, revision {receipt.revision} ·{' '}
                        <Moment at={Date.parse(receipt.at)} />
                      </Text>
                    </li>
                  ))}
                </ul>
              )}
            </FewAtFirst>
          )
        }
      </Answer>
    </Section>
  );
}
