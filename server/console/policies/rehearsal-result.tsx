import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { policyRehearsalView } from '../../../shared/api/policies.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { settingTitle } from '../words/compliance.ts';

const count = (devices: number) => devices.toLocaleString('en');

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
      {({ devices, changed, otherActions, settings }) => (
        <div aria-live="polite">
          <Text size="sm">
            {devices === 0
              ? 'The groups of the policy have no devices.'
              : changed === 0
                ? `None of the ${count(devices)} devices would get other settings.`
                : `${count(changed)} of ${count(devices)} devices would get other settings.`}
          </Text>
          {otherActions > 0 && (
            <Text size="sm">
              For {count(otherActions)} of {count(devices)} devices, the grace period or the actions would change.
            </Text>
          )}
          {settings.length > 0 && (
            <Table.ScrollContainer minWidth={320} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Setting</Table.Th>
                    <Table.Th>Devices</Table.Th>
                    <Table.Th>Already meet the new value</Table.Th>
                    <Table.Th>Do not meet the new value</Table.Th>
                    <Table.Th>Not reported yet</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {settings.map(({ setting, devices: all, met, notMet }) => (
                    <Table.Tr key={setting}>
                      <Table.Td>{settingTitle(setting)}</Table.Td>
                      <Table.Td>{count(all)}</Table.Td>
                      <Table.Td>{count(met)}</Table.Td>
                      <Table.Td>{count(notMet)}</Table.Td>
                      <Table.Td>{count(all - met - notMet)}</Table.Td>
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
