import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { useMay } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import { receiptSentence } from '../../words/devices.ts';
import { receiptsQuery } from '../queries.ts';
import classes from './device.module.css';
import { OrderLink } from './services-section.tsx';
import { ShortList } from './short-list.tsx';

export function ReceiptsSection({ id }: { readonly id: string }) {
  const may = useMay();
  const query = useQuery({ ...receiptsQuery(id), enabled: may('devices.receipts') });
  if (!may('devices.receipts')) return null;
  return (
    <Section title="Receipts">
      <QueryResult query={query} lines={3}>
        {({ receipts }) =>
          receipts.length === 0 ? (
            <Text c="dimmed">No receipts. The device signs its first receipt when it receives an order.</Text>
          ) : (
            <ShortList items={receipts} few={6} noun="receipts">
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
            </ShortList>
          )
        }
      </QueryResult>
    </Section>
  );
}
