import { Badge, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ExemptionList } from '../../../shared/api/affected-devices.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { DeviceTable } from './device-table.tsx';
import { exemptionsQuery } from './queries.ts';
import { TwoZones } from './two-zones.tsx';

const COLUMNS = ['Exempt until', 'Reason', 'Requested by', 'Approved by'];

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
    <QueryResult query={query} lines={3}>
      {({ exemptions, people }) => {
        const over = exemptions.filter(({ until }) => until !== null && until <= now).length;
        const expired = over === 0 ? '' : ` ${over} of ${exemptions.length} have expired.`;
        return (
          <DeviceTable
            label="Exempt devices"
            lead={`Exemptions in revision ${revision}. Approvers signed which devices are exempt. Only this server and the exempt devices know the exemptions.${expired}`}
            columns={COLUMNS}
            rows={exemptions.map((one) => ({ device: one.device, cells: cellsOf(one, people, zone, now) }))}
          />
        );
      }}
    </QueryResult>
  );
}

function cellsOf(
  { until, reason, decidedIn, proposedBy, approvedBy }: ExemptionList['exemptions'][number],
  people: ExemptionList['people'],
  zone: string,
  now: number,
) {
  const nameOf = (person: string) => people[person] ?? person;
  const dimmed = (words: string) => (
    <Text key={words} size="sm" c="dimmed">
      {words}
    </Text>
  );
  return [
    <span key="until">
      {until === null ? 'Until the order ends' : <TwoZones at={until} zone={zone} />}
      {until !== null && until <= now && <Badge color="yellow">Expired</Badge>}
    </span>,
    reason === null ? dimmed('Not specified') : <UserText key="reason">{reason}</UserText>,
    <span key="asked">
      <UserText>{nameOf(proposedBy)}</UserText>
      <Text size="xs" c="dimmed">
        Revision {decidedIn}
      </Text>
    </span>,
    approvedBy.length === 0
      ? dimmed('Not approved yet')
      : approvedBy.map((person, index) => (
          <span key={person}>
            {index > 0 && ', '}
            <UserText>{nameOf(person)}</UserText>
          </span>
        )),
  ];
}
