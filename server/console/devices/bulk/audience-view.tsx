/** Whom a command reaches: how many, where and of which groups, and the first of them by name. */
import { Group, List, Paper, Stack, Text } from '@mantine/core';
import { Given } from '../../../../shared/look/given.tsx';
import { ConnectionMark } from '../connection.tsx';
import { type Audience, groupName, placeName, type Tally, tally } from './audience.ts';

const SHOWN = 5;
const number = (count: number) => count.toLocaleString('en');
const devices = (count: number) => `${number(count)} ${count === 1 ? 'device' : 'devices'}`;

export function AudienceView({ audience }: { readonly audience: Audience }) {
  const { total, connected, left, sample } = audience;
  const whole = sample.length === total;
  return (
    <Paper withBorder p="sm" component="section" aria-label="Whom it reaches">
      <Stack gap="xs">
        <div aria-live="polite">
          <Text fw={600}>{total === 0 ? 'It reaches no device' : `It reaches ${devices(total)}`}</Text>
          {total > 0 && (
            <Text size="sm">
              {connected === total
                ? total === 1
                  ? 'It is connected now.'
                  : 'All are connected now.'
                : connected === 0
                  ? 'None is connected now: they get it when they come back.'
                  : `${number(connected)} are connected now; ${number(total - connected)} get it when they come back.`}
            </Text>
          )}
          {left > 0 && (
            <Text size="sm">
              {left === 1 ? '1 more is' : `${number(left)} more are`} revoked or unenrolled and take no commands.
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
            <Tallies label="Places" tallies={tally(sample.map(placeName), 5)} />
            <List size="sm" listStyleType="none" spacing={2} aria-label="The first of them">
              {sample.slice(0, SHOWN).map(({ id, user, hostname, presence }) => (
                <List.Item key={id}>
                  <Group gap={6} wrap="nowrap">
                    <ConnectionMark connected={presence?.connected ?? false} />
                    <Text size="sm" truncate>
                      <Given>{user}</Given>
                      {hostname !== null && (
                        <Text span c="dimmed">
                          {' · '}
                          <Given>{hostname}</Given>
                        </Text>
                      )}
                    </Text>
                  </Group>
                </List.Item>
              ))}
              {total > SHOWN && (
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
          {index > 0 && ', '}
          <Given>{name}</Given> {number(count)}
        </span>
      ))}
    </Text>
  );
}
