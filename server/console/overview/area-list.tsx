/** The map in words: areas by how many devices are there. */
import { Badge, Button, Group, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import type { Overview } from '../../../shared/api/overview.ts';
import { PageLink } from '../parts/links.tsx';
import { areaName } from '../words/areas.ts';
import classes from './area-list.module.css';

const FIRST = 10;

export function AreaList({
  areas,
  unknown,
  ordered,
}: {
  readonly areas: Overview['areas'];
  readonly unknown: number;
  readonly ordered: ReadonlyMap<string, 'in_force' | 'coming'>;
}) {
  const [all, setAll] = useState(false);
  const sorted = [...areas].sort((a, b) => b.devices - a.devices || areaName(a.area).localeCompare(areaName(b.area)));
  return (
    <Stack gap="xs" align="flex-start">
      <Table className={classes.table}>
        <Table.Caption className={classes.caption}>
          Devices by the place they are in, or may be in; who may be in two counts in both.
        </Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Place</Table.Th>
            <Table.Th scope="col" ta="end">
              Devices
            </Table.Th>
            <Table.Th scope="col" ta="end">
              Connected
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sorted.slice(0, all ? undefined : FIRST).map(({ area, devices, connected }) => (
            <Table.Tr key={area}>
              <Table.Th scope="row" fw={400}>
                <Group gap={6} wrap="wrap">
                  <PageLink to="/devices" search={{ area }}>
                    {areaName(area)}
                  </PageLink>
                  {ordered.get(area) === 'in_force' && <Badge color="red">order in force</Badge>}
                  {ordered.get(area) === 'coming' && <Badge color="orange">order to come</Badge>}
                </Group>
              </Table.Th>
              <Table.Td ta="end">{devices.toLocaleString('en')}</Table.Td>
              <Table.Td ta="end">{connected.toLocaleString('en')}</Table.Td>
            </Table.Tr>
          ))}
          {unknown > 0 && (
            <Table.Tr>
              <Table.Th scope="row" fw={400}>
                <Text span inherit c="dimmed">
                  Place not known
                </Text>
              </Table.Th>
              <Table.Td ta="end">{unknown.toLocaleString('en')}</Table.Td>
              <Table.Td />
            </Table.Tr>
          )}
        </Table.Tbody>
      </Table>
      {sorted.length > FIRST && (
        <Button variant="subtle" size="compact-sm" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? 'Show fewer' : `Show all ${sorted.length}`}
        </Button>
      )}
    </Stack>
  );
}
