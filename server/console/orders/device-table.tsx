import { Stack, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { DeviceLink } from '../parts/device-link.tsx';

export function DeviceTable({
  label,
  lead,
  columns,
  rows,
}: {
  readonly label: string;
  readonly lead: ReactNode;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly device: string; readonly cells: readonly ReactNode[]; readonly id?: string }[];
}) {
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {lead}
      </Text>
      <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={label}>
          <Table.Thead>
            <Table.Tr>
              {['Device', ...columns].map((column) => (
                <Table.Th key={column}>{column}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(({ device, cells, id = device }) => (
              <Table.Tr key={id}>
                <Table.Td>
                  <DeviceLink id={device} />
                </Table.Td>
                {columns.map((column, at) => (
                  <Table.Td key={column} style={{ overflowWrap: 'anywhere' }}>
                    {cells[at]}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
