import { Group, List, Paper, Stack, Text } from '@mantine/core';
import { UserText } from '../../../../shared/look/user-text.tsx';
import type { CommandKind } from '../../../../shared/protocol/command-kinds.ts';
import { ConnectionMark } from '../connection-mark.tsx';
import { effectSentence } from '../workspace-words.ts';
import { type AffectedDevices, groupName, locationName, type Tally, tally } from './affected-devices.ts';

const SHOWN = 5;
const number = (count: number) => count.toLocaleString('en');

export function AffectedDevicesView({
  audience,
  kind,
}: {
  readonly audience: AffectedDevices;
  readonly kind: CommandKind;
}) {
  const { total, connected, skipped, sample, workspaces } = audience;
  const effect = effectSentence(kind, total, workspaces);
  const whole = sample.length === total;
  return (
    <Paper withBorder p="sm" component="section" aria-label="Affected devices">
      <Stack gap="xs">
        <div aria-live="polite">
          <Text fw={600}>
            {total === 0 ? 'No affected devices' : `${number(total)} affected ${total === 1 ? 'device' : 'devices'}`}
          </Text>
          {total > 0 && (
            <Text size="sm">
              {connected === total
                ? total === 1
                  ? 'The device is connected.'
                  : 'All of these devices are connected.'
                : connected === 0
                  ? 'None of these devices is connected. Each receives the command when it connects.'
                  : `${number(connected)} are connected. The other ${number(total - connected)} receive the command when they connect.`}
            </Text>
          )}
          {effect !== null && <Text size="sm">{effect}</Text>}
          {skipped > 0 && (
            <Text size="sm">
              {skipped === 1 ? '1 selected device is' : `${number(skipped)} selected devices are`} revoked or unenrolled
              and cannot receive commands.
            </Text>
          )}
        </div>
        {total > 0 && (
          <>
            {!whole && (
              <Text size="xs" c="dimmed">
                Of the first {number(sample.length)} by name:
              </Text>
            )}
            <Tallies label="Groups" tallies={tally(sample.map(groupName), 5)} />
            <Tallies label="Locations" tallies={tally(sample.map(locationName), 5)} />
            <List size="sm" listStyleType="none" spacing={2} aria-label="First devices by name">
              {sample.slice(0, SHOWN).map(({ id, user, hostname, presence }) => (
                <List.Item key={id}>
                  <Group gap={6} wrap="nowrap">
                    <ConnectionMark connected={presence?.connected ?? false} />
                    <Text size="sm" truncate>
                      <UserText>{user}</UserText>
                      {hostname !== null && (
                        <Text span c="dimmed">
                          {' · '}
                          <UserText>{hostname}</UserText>
                        </Text>
                      )}
                    </Text>
                  </Group>
                </List.Item>
              ))}
              {SHOWN < total && (
                <List.Item>
                  <Text size="sm" c="dimmed">
                    and {number(total - SHOWN)} more
                  </Text>
                </List.Item>
              )}
            </List>
          </>
        )}
      </Stack>
    </Paper>
  );
}

function Tallies({ label, tallies }: { readonly label: string; readonly tallies: readonly Tally[] }) {
  return (
    <Text size="sm">
      <Text span fw={500}>
        {label}:{' '}
      </Text>
      {tallies.map(({ name, count }, index) => (
        <span key={name}>
          {index > 0 && ' · '}
          <UserText>{name}</UserText> ({number(count)})
        </span>
      ))}
    </Text>
  );
}
