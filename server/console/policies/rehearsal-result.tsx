import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { policyRehearsalView } from '../../../shared/api/policies.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { settingTitle } from '../words/compliance.ts';

export interface PolicyChange {
  readonly version?: number;
  readonly percent?: number;
  readonly groups?: readonly string[];
}

/** Impact preview of a policy change: the devices that would get other values. Nothing is changed. */
export function RehearsalResult({ id, change }: { readonly id: string; readonly change: PolicyChange }) {
  const rehearsal = useQuery({
    queryKey: ['policies', id, 'rehearsal', change],
    queryFn: ({ signal }) => call('POST', `/policies/${id}/rehearsal`, policyRehearsalView, change, signal),
    placeholderData: (previous) => previous,
  });
  return (
    <QueryResult query={rehearsal} lines={2}>
      {({ devices, changed, settings }) => (
        <div aria-live="polite">
          <Text size="sm">
            {changed === 0
              ? `None of the ${devices.toLocaleString('en')} devices would get other settings.`
              : `${changed.toLocaleString('en')} of ${devices.toLocaleString('en')} devices would get other settings.`}
          </Text>
          {settings.length > 0 && (
            <Table.ScrollContainer minWidth={320} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Setting</Table.Th>
                    <Table.Th>Devices</Table.Th>
                    <Table.Th>Already meet the new value</Table.Th>
                    <Table.Th>Do not meet the new value</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {settings.map(({ setting, devices: count, met, notMet }) => (
                    <Table.Tr key={setting}>
                      <Table.Td>{settingTitle(setting)}</Table.Td>
                      <Table.Td>{count.toLocaleString('en')}</Table.Td>
                      <Table.Td>{met.toLocaleString('en')}</Table.Td>
                      <Table.Td>{notMet.toLocaleString('en')}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </div>
      )}
    </QueryResult>
  );
}
