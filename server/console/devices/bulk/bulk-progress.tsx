/** How far a command for many has come: live, and at an address of its own. */
import { Button, Group, List, Modal, Progress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { requestProgress } from '../../../../shared/api/commands.ts';
import { Given } from '../../../../shared/look/given.tsx';
import { Answer } from '../../../../shared/look/states.tsx';
import { question } from '../../client/queries.ts';
import { useNow } from '../../client/server-time.tsx';
import { PageLink } from '../../parts/links.tsx';
import { Moment } from '../../parts/words.tsx';
import { COMMAND_NAMES, COMMAND_STATE_NAMES, type CommandState, commandText } from '../../words/commands.ts';
import { focusList } from '../list/active-row.ts';

const COLOURS: Readonly<Record<CommandState, string>> = {
  done: 'green.8',
  stored: 'cordon.6',
  queued: 'gray.5',
  failed: 'red.8',
  expired: 'orange.8',
  cancelled: 'gray.7',
};
const ORDER: readonly CommandState[] = ['done', 'stored', 'queued', 'failed', 'expired', 'cancelled'];

export function BulkProgress({ id, close }: { readonly id: string | undefined; readonly close: () => void }) {
  return (
    <Modal
      opened={id !== undefined}
      onClose={close}
      // What opened it may be gone.
      onExitTransitionEnd={focusList}
      title="Progress of a command"
      size="lg"
    >
      {id !== undefined && <Contents id={id} close={close} />}
    </Modal>
  );
}

function Contents({ id, close }: { readonly id: string; readonly close: () => void }) {
  const query = useQuery(question(['commands'], `/commands/${encodeURIComponent(id)}/progress`, requestProgress));
  const now = useNow(10_000);
  return (
    <Stack>
      <Answer query={query}>
        {({ command, createdAt, expiresAt, total, counts, failures }) => {
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
                      Those that do not come back are given up <Moment at={expiresAt} now={now} />.
                    </>
                  )}
                </Text>
              </div>
              <Progress.Root size="lg" aria-hidden>
                {there.map((state) => (
                  <Progress.Section key={state} value={(counts[state] / total) * 100} color={COLOURS[state]} />
                ))}
              </Progress.Root>
              <List listStyleType="none" size="sm" aria-live="polite" aria-label="How many have come how far">
                {there.map((state) => (
                  <List.Item key={state}>
                    <Text span fw={600}>
                      {counts[state].toLocaleString('en')}
                    </Text>{' '}
                    {COMMAND_STATE_NAMES[state].toLowerCase()}
                  </List.Item>
                ))}
              </List>
              {failures.length > 0 && (
                <div>
                  <Text size="sm" fw={600}>
                    {failures.length < counts.failed + counts.expired
                      ? `The first ${failures.length} that it did not reach`
                      : 'Those that it did not reach'}
                  </Text>
                  <List listStyleType="none" size="sm" spacing={2} aria-label="Devices that it did not reach">
                    {failures.map(({ device, user, state, detail }) => (
                      <List.Item key={device}>
                        <PageLink to="/devices/$id" params={{ id: device }} underline="always">
                          <Given>{user}</Given>
                        </PageLink>
                        {`: ${COMMAND_STATE_NAMES[state].toLowerCase()}`}
                        {detail && (
                          <>
                            {', '}
                            <Given>{detail}</Given>
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
      </Answer>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Close
        </Button>
      </Group>
    </Stack>
  );
}
