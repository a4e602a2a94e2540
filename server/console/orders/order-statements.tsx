/** Location statements that change the effect of an order, each with the admin who made it and the admin who confirmed it. */
import { Badge, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { StatementList } from '../../../shared/api/affected-devices.ts';
import { areaName } from '../../../shared/areas/area-words.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { DeviceTable } from './device-table.tsx';
import { statementsQuery } from './queries.ts';
import { TwoZones } from './two-zones.tsx';

const COLUMNS = ['Stated location', 'Effect', 'Valid until', 'Reason', 'Stated by', 'Confirmed by'];
const ASSIGNED_COLUMNS = ['Home area', 'Legal seat', 'Changed', 'Changed by', 'Confirmed by'];

export function OrderStatements({ number, zone }: { readonly number: string; readonly zone: string }) {
  const query = useQuery(statementsQuery(number));
  return (
    <QueryResult query={query} lines={2}>
      {(list) => <Statements list={list} zone={zone} />}
    </QueryResult>
  );
}

function Statements({ list, zone }: { readonly list: StatementList; readonly zone: string }) {
  const { statements, assignments, people } = list;
  if (statements.length === 0 && assignments.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        No location statement and no change of a home area or legal seat alters which devices this order affects.
      </Text>
    );
  }
  return (
    <Stack gap="md">
      {statements.length > 0 && (
        <DeviceTable
          label="Location statements"
          lead="Admins set the locations of these devices. Without the statements, the order would affect them differently."
          columns={COLUMNS}
          rows={statements.map((one) => ({ device: one.device, cells: cellsOf(one, people, zone) }))}
        />
      )}
      {assignments.length > 0 && (
        <DeviceTable
          label="Changes of home area and legal seat"
          lead="Admins changed the home area or legal seat of these devices. The changes altered the effect of the order."
          columns={ASSIGNED_COLUMNS}
          rows={assignments.map(({ device, home, seat, at, by, confirmedBy }) => ({
            device,
            id: `${device} ${at}`,
            cells: [
              home === null ? 'None' : areaName(home),
              seat === null ? 'None' : areaName(seat),
              <TwoZones key="at" at={at} zone={zone} />,
              <UserText key="by">{people[by] ?? by}</UserText>,
              <Confirmer key="confirmed" account={confirmedBy} people={people} />,
            ],
          }))}
        />
      )}
    </Stack>
  );
}

function Confirmer({ account, people }: { readonly account: string | null; readonly people: StatementList['people'] }) {
  return account === null ? (
    <Badge color="red">Not confirmed</Badge>
  ) : (
    <UserText>{people[account] ?? account}</UserText>
  );
}

function cellsOf(
  { kind, areas, released, denied, until, reason, by, confirmedBy }: StatementList['statements'][number],
  people: StatementList['people'],
  zone: string,
) {
  return [
    `${kind === 'home' ? 'Home area: ' : ''}${areas.map(areaName).join(' or ')}`,
    <span key="effect">
      {released.length > 0 && <Badge color="yellow">Restores {released.join(', ')}</Badge>}
      {denied.length > 0 && <Badge color="red">Suspends {denied.join(', ')}</Badge>}
    </span>,
    <TwoZones key="until" at={until} zone={zone} />,
    <UserText key="reason">{reason}</UserText>,
    by === null ? 'Not recorded' : <UserText key="by">{people[by] ?? by}</UserText>,
    <Confirmer key="confirmed" account={confirmedBy} people={people} />,
  ];
}
