import { Stack, Table, Text } from '@mantine/core';
import type { z } from 'zod';
import type { softwareDevicePage } from '../../../shared/api/software.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { CursorPager, type CursorPages } from '../parts/cursor-pages.tsx';
import { PageLink } from '../parts/links.tsx';

type Found = Pick<z.output<typeof softwareDevicePage>, 'devices' | 'total' | 'cursor'>;

export function FoundDevices({
  found: { devices, total, cursor },
  pages,
  column,
}: {
  readonly found: Found;
  readonly pages: CursorPages<number>;
  readonly column: string;
}) {
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed" role="status">
        {total.toLocaleString('en')} {total === 1 ? 'device' : 'devices'}
      </Text>
      {devices.length > 0 && (
        <Table.ScrollContainer minWidth={520} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table aria-label="Devices">
            <Table.Thead>
              <Table.Tr>
                {['User', 'Host name', column].map((label) => (
                  <Table.Th key={label}>{label}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {devices.map(({ device, user, hostname, versions }) => (
                <Table.Tr key={device}>
                  <Table.Td>
                    <PageLink to="/devices/$id" params={{ id: device }}>
                      <UserText>{user}</UserText>
                    </PageLink>
                  </Table.Td>
                  <Table.Td>{hostname === null ? 'Unknown' : <UserText>{hostname}</UserText>}</Table.Td>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>
                    <UserText>{versions.join(', ')}</UserText>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <CursorPager pages={pages} next={cursor} />
    </Stack>
  );
}
