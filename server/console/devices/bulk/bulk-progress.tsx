import { Button, Group, List, Modal, Progress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { requestProgress } from '../../../../shared/api/commands.ts';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { topicQuery } from '../../client/queries.ts';
import { useNow } from '../../client/server-time.tsx';
import { PageLink } from '../../parts/links.tsx';
import { Moment } from '../../parts/words.tsx';
import { COMMAND_NAMES, COMMAND_STATE_NAMES, type CommandState, commandText } from '../../words/commands.ts';
import { focusList } from '../list/use-active-row.ts';

const COLORS: Readonly<Record<CommandState, string>> = {
  done: 'green.8',
  stored: 'cordon.6',
  queued: 'gray.5',
  failed: 'red.8',
  expired: 'orange.8',
  canceled: 'gray.7',
};
const ORDER: readonly CommandState[] = ['done', 'stored', 'queued', 'failed', 'expired', 'canceled'];

export function BulkProgress({ id, close }: { readonly id: string | undefined; readonly close: () => void }) {
  return (
    <Modal
      opened={id !== undefined}
      onClose={close}
      // Move the focus to the device list, because the element that opened the dialog may no longer exist.
      onExitTransitionEnd={focusList}
      title="Command progress"
      size="lg"
    >
      {id !== undefined && <Contents id={id} close={close} />}
    </Modal>
  );
}

function Contents({ id, close }: { readonly id: string; readonly close: () => void }) {
  const query = useQuery(topicQuery(['commands'], `/commands/${encodeURIComponent(id)}/progress`, requestProgress));
  const now = useNow(10_000);
  return (
    <Stack>
      <QueryResult query={query}>
        {({ command, createdAt, expiresAt, total, counts, displayed, failures }) => {
          const text = commandText(command);
          const waiting = counts.queued + counts.stored;
          const there = ORDER.filter((state) => counts[state] > 0);
          return (
            <Stack gap="sm">
              <div>
                <Text fw={600}>
                  {COMMAND_NAMES[command.kind]}, {total.toLocaleString('en')} {total === 1 ? 'device' : 'devices'}
                </Text>
                {text !== null && (
                  <Text size="sm" dir="auto" style={{ whiteSpace: 'pre-wrap' }}>
                    {text}
                  </Text>
                )}
                <Text size="sm" c="dimmed">
                  Sent <Moment at={createdAt} now={now} />.{' '}
                  {waiting > 0 && (
                    <>
                      The command expires <Moment at={expiresAt} now={now} /> on devices that have not received it by
                      then.
                    </>
                  )}
                </Text>
              </div>
              <Progress.Root size="lg" aria-hidden>
                {there.map((state) => (
                  <Progress.Section key={state} value={(counts[state] / total) * 100} color={COLORS[state]} />
                ))}
              </Progress.Root>
              <List listStyleType="none" size="sm" aria-live="polite" aria-label="Devices by command state">
                {there.map((state) => (
                  <List.Item key={state}>
                    <Text span fw={600}>
                      {counts[state].toLocaleString('en')}
                    </Text>{' '}
                    {COMMAND_STATE_NAMES[state].toLowerCase()}
                  </List.Item>
                ))}
                {command.kind === 'message' && (
                  <List.Item>
                    <Text span fw={600}>
                      {displayed.toLocaleString('en')}
                    </Text>{' '}
                    displayed to the user
                  </List.Item>
                )}
              </List>
              {failures.length > 0 && (
                <div>
                  <Text size="sm" fw={600}>
                    {failures.length < counts.failed + counts.expired
                      ? `First ${failures.length} failed devices`
                      : 'Failed devices'}
                  </Text>
                  <List listStyleType="none" size="sm" spacing={2} aria-label="Failed devices">
                    {failures.map(({ device, user, state, detail }) => (
                      <List.Item key={device}>
                        <PageLink to="/devices/$id" params={{ id: device }} underline="always">
                          <UserText>{user}</UserText>
                        </PageLink>
                        {`: ${COMMAND_STATE_NAMES[state].toLowerCase()}`}
                        {detail && (
                          <>
                            {', '}
                            <UserText>{detail}</UserText>
                          </>
                        )}
                      </List.Item>
                    ))}
                  </List>
                </div>
              )}
            </Stack>
          );
        }}
      </QueryResult>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Close
        </Button>
      </Group>
    </Stack>
  );
}
