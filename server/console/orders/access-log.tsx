/** Access log of a withheld order: which admins read its legal basis, and when. */
import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { OrderPart, ReadingList } from '../../../shared/api/order-readings.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { Section } from '../parts/page.tsx';
import { readingsQuery } from './queries.ts';

const PART_NAMES: Readonly<Record<OrderPart, string>> = {
  terms: 'Legal basis',
  exemptions: 'Exemptions',
  document: 'Document',
  decision: 'Decision record',
  pack: 'Evidence pack',
};

export function AccessLog({ number }: { readonly number: string }) {
  const query = useQuery(readingsQuery(number));
  return (
    <Section title="Access log">
      <QueryResult query={query} lines={2}>
        {({ readings, people }) => <Readings readings={readings} people={people} />}
      </QueryResult>
    </Section>
  );
}

function Readings({ readings, people }: ReadingList) {
  if (readings.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nobody has read the legal basis yet. Each access to the legal basis appears here.
      </Text>
    );
  }
  return (
    <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table aria-label="Access log">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Account</Table.Th>
            <Table.Th>Part</Table.Th>
            <Table.Th>First access</Table.Th>
            <Table.Th>Last access</Table.Th>
            <Table.Th>Requests</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {readings.map(({ account, part, about, firstAt, lastAt, count }) => (
            <Table.Tr key={`${account} ${part} ${about} ${firstAt}`}>
              <Table.Td>
                <UserText>{people[account] ?? account}</UserText>
              </Table.Td>
              <Table.Td>
                {PART_NAMES[part]}
                {about !== null && (
                  <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                    {part === 'document' ? `SHA-256 ${about}` : `Revision ${about}`}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>{dateTime(firstAt)}</Table.Td>
              <Table.Td>{dateTime(lastAt)}</Table.Td>
              <Table.Td>{count}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
