import { Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCircleCheck, IconCircleDashed, IconCircleX } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { COMMAND_NAMES } from '../../../../shared/api/command-names.ts';
import { type CommandView, commandView } from '../../../../shared/api/commands.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { isPowerKind } from '../../../../shared/power/power-action.ts';
import { type CommandKind, changesSoftware } from '../../../../shared/protocol/command-kinds.ts';
import { call } from '../../client/call.ts';
import { useNow } from '../../client/server-time.tsx';
import { useMay, useSession } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import { OutputButton } from '../../scripts/output-button.tsx';
import { commandName, commandText } from '../../words/commands.ts';
import { RollBackOnDevice } from '../commands/roll-back.tsx';
import { type Step, stepsOf } from '../commands/steps.ts';
import { commandsQuery } from '../queries.ts';
import classes from './device.module.css';
import { ShortList } from './short-list.tsx';

const KINDS: readonly CommandKind[] = [
  'refresh-inventory',
  'collect-logs',
  'restart-agent',
  'restart-device',
  'shut-down-device',
  'change-software',
  'install-package',
  'update-os',
  'run-script',
];

export function CommandsSection({
  id,
  user,
  command,
  ask,
}: {
  readonly id: string;
  readonly user: string;
  readonly command: ((kind: CommandKind) => void) | null;
  readonly ask: (() => void) | null;
}) {
  const may = useMay();
  const query = useQuery(commandsQuery(id));
  const now = useNow(10_000);
  return (
    <Section
      title="Commands"
      actions={
        <>
          {ask && may('live-queries.ask') && (
            <Button variant="default" size="xs" onClick={ask}>
              Ask live query…
            </Button>
          )}
          {command &&
            may('commands.issue') &&
            KINDS.filter(
              (kind) =>
                (!changesSoftware(kind) || may('commands.change-software')) &&
                (kind !== 'install-package' || may('packages.list')) &&
                (kind !== 'run-script' || (may('scripts.run') && may('scripts.versions'))) &&
                (!isPowerKind(kind) || may('commands.power')),
            ).map((kind) => (
              <Button key={kind} variant="default" size="xs" onClick={() => command(kind)}>
                {COMMAND_NAMES[kind]}…
              </Button>
            ))}
        </>
      }
    >
      <QueryResult query={query} lines={3}>
        {({ commands, people }) =>
          commands.length === 0 ? (
            <Text c="dimmed">No commands. Commands that you send to the device appear here.</Text>
          ) : (
            <ShortList items={commands} few={5} noun="commands">
              {(shown) => (
                <ul className={classes.list} aria-live="polite">
                  {shown.map((command) => (
                    <li key={command.id}>
                      <CommandRow
                        user={user}
                        command={command}
                        by={command.createdBy === 'compliance' ? 'a policy' : people[command.createdBy]}
                        now={now}
                      />
                    </li>
                  ))}
                </ul>
              )}
            </ShortList>
          )
        }
      </QueryResult>
    </Section>
  );
}

function CommandRow({
  user,
  command,
  by,
  now,
}: {
  readonly user: string;
  readonly command: CommandView;
  readonly by: string | undefined;
  readonly now: number;
}) {
  const { account } = useSession();
  const text = commandText(command.command);
  const mine = command.createdBy === account.id;
  const waiting = command.state === 'queued' || command.state === 'stored';
  return (
    <>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <div>
          <Text size="sm" fw={600}>
            {commandName(command.command)}
          </Text>
          {text !== null && (
            <Text size="sm" dir="auto" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              {text}
            </Text>
          )}
        </div>
        <Group gap="xs">
          {command.command.kind === 'run-script' && command.state !== 'queued' && (
            <OutputButton command={command.id} of={user} />
          )}
          {waiting && command.cancelRequestedAt === null && <Cancel command={command} />}
          {(command.state === 'done' || command.state === 'failed') && <RollBackOnDevice command={command} />}
        </Group>
      </Group>
      <ol className={classes.steps}>
        {stepsOf(command).map((step) => (
          <li key={step.label} data-reached={step.state !== 'waiting'}>
            <StepMark state={step.state} />
            {step.label}
            {step.at !== null && <Moment at={step.at} now={now} />}
          </li>
        ))}
      </ol>
      <Text size="xs" c="dimmed">
        {mine ? (
          'Sent by you'
        ) : by === undefined ? (
          'Sent by a deleted account'
        ) : (
          <>
            Sent by <UserText>{by}</UserText>
          </>
        )}
        {waiting && (
          <>
            . Expires <Moment at={command.expiresAt} now={now} />
          </>
        )}
        {command.attempt > 1 && `. Attempt ${command.attempt}`}
        {waiting && command.cancelRequestedAt !== null && '. The server has asked the device to cancel the command'}
        {command.detail !== null && command.detail !== '' && (
          <>
            {command.state === 'done' || command.state === 'failed' ? '. The device: ' : '. '}
            <UserText>{command.detail}</UserText>
          </>
        )}
      </Text>
    </>
  );
}

function StepMark({ state }: { readonly state: Step['state'] }) {
  if (state === 'waiting') return <IconCircleDashed size={16} aria-label="pending" role="img" />;
  if (state === 'failed') {
    return (
      <IconCircleX size={16} color="light-dark(var(--mantine-color-red-8), var(--mantine-color-red-4))" aria-hidden />
    );
  }
  return (
    <IconCircleCheck
      size={16}
      color="light-dark(var(--mantine-color-green-9), var(--mantine-color-green-4))"
      aria-hidden
    />
  );
}

function Cancel({ command }: { readonly command: CommandView }) {
  const may = useMay();
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  if (!may('commands.cancel')) return null;
  const cancel = async () => {
    try {
      await call('DELETE', `/commands/${command.id}`, commandView);
    } finally {
      // Load the list even if the server refuses to cancel the command, because the device may have received the command in the meantime.
      await client.invalidateQueries({ queryKey: ['commands'] });
    }
  };
  return (
    <>
      <Button variant="default" size="compact-sm" onClick={open}>
        Cancel command…
      </Button>
      <Confirm
        title="Cancel command"
        opened={opened}
        close={close}
        verb="Cancel command"
        dismiss="Keep command"
        act={cancel}
      >
        <Text>
          {command.state === 'queued'
            ? `The device has not received “${COMMAND_NAMES[command.command.kind]}” yet. If you cancel it, the device never receives it.`
            : `The device has received “${COMMAND_NAMES[command.command.kind]}”. The server asks the device to cancel it. If the device has already started the command, it is too late, and the device reports the result.`}
        </Text>
      </Confirm>
    </>
  );
}
