/** Whom an order spares: each device with the end of its exemption, why, and by whose word. What has run out stands there as such. */
import { Badge, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ExemptionList } from '../../../shared/api/orders.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Answer } from '../../../shared/look/states.tsx';
import { PageLink } from '../parts/links.tsx';
import { exemptionsQuery } from './queries.ts';
import { TwoZones } from './two-zones.tsx';

export function OrderExemptions({
  number,
  revision,
  zone,
  now,
}: {
  readonly number: string;
  readonly revision: number;
  readonly zone: string;
  readonly now: number;
}) {
  const query = useQuery(exemptionsQuery(number, revision));
  return (
    <Answer query={query} lines={3}>
      {(list) => <Exemptions list={list} zone={zone} now={now} />}
    </Answer>
  );
}

function Exemptions({
  list: { exemptions, people, revision },
  zone,
  now,
}: {
  readonly list: ExemptionList;
  readonly zone: string;
  readonly now: number;
}) {
  const over = exemptions.filter(({ until }) => until !== null && until <= now).length;
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        By revision {revision}. Who is exempt is signed, and known to us and to the device alone.
        {over > 0 && ` ${over === exemptions.length ? 'All' : over} of ${exemptions.length} have run out.`}
      </Text>
      <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label="Whom it spares">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Device</Table.Th>
              <Table.Th>Exempt until</Table.Th>
              <Table.Th>Why</Table.Th>
              <Table.Th>Asked by</Table.Th>
              <Table.Th>Approved by</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {exemptions.map((one) => (
              <Exemption key={one.device} one={one} people={people} zone={zone} now={now} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function Exemption({
  one: { device, until, reason, decidedIn, askedBy, approvedBy },
  people,
  zone,
  now,
}: {
  readonly one: ExemptionList['exemptions'][number];
  readonly people: ExemptionList['people'];
  readonly zone: string;
  readonly now: number;
}) {
  const nameOf = (person: string) => people[person] ?? person;
  return (
    <Table.Tr>
      <Table.Td>
        <PageLink to="/devices/$id" params={{ id: device }} ff="monospace" size="sm">
          {device}
        </PageLink>
      </Table.Td>
      <Table.Td>
        {until === null ? 'As long as the order lasts' : <TwoZones at={until} zone={zone} />}
        {until !== null && until <= now && <Badge color="yellow">Has run out</Badge>}
      </Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        {reason === null ? (
          <Text size="sm" c="dimmed">
            Not said
          </Text>
        ) : (
          <Given>{reason}</Given>
        )}
      </Table.Td>
      <Table.Td>
        <Given>{nameOf(askedBy)}</Given>
        <Text size="xs" c="dimmed">
          Revision {decidedIn}
        </Text>
      </Table.Td>
      <Table.Td>
        {approvedBy.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nobody yet
          </Text>
        ) : (
          approvedBy.map((person, index) => (
            <span key={person}>
              {index > 0 && ', '}
              <Given>{nameOf(person)}</Given>
            </span>
          ))
        )}
      </Table.Td>
    </Table.Tr>
  );
}
