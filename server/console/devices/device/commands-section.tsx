/** The commands that the device was sent, and how far each has come. They run on real time. */
import { Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCircleCheck, IconCircleDashed, IconCircleX } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type CommandView, commandView } from '../../../../shared/api/commands.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { Given } from '../../../../shared/look/given.tsx';
import { Answer } from '../../../../shared/look/states.tsx';
import type { CommandKind } from '../../../../shared/protocol/frames.ts';
import { call } from '../../client/call.ts';
import { useNow } from '../../client/server-time.tsx';
import { useMay, useSession } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import { COMMAND_NAMES, commandText } from '../../words/commands.ts';
import { type Step, stepsOf } from '../commands/steps.ts';
import { commandsQuestion } from '../queries.ts';
import classes from './device.module.css';
import { FewAtFirst } from './few-at-first.tsx';

const KINDS: readonly CommandKind[] = ['refresh-inventory', 'restart-agent'];

export function CommandsSection({
  id,
  command,
}: {
  readonly id: string;
  /** Opens the dialog for one; null for a device that takes none. */
  readonly command: ((kind: CommandKind) => void) | null;
}) {
  const may = useMay();
  const query = useQuery(commandsQuestion(id));
  const now = useNow(10_000);
  return (
    <Section
      title="Commands"
      actions={
        command &&
        may('commands.issue') &&
        KINDS.map((kind) => (
          <Button key={kind} variant="default" size="xs" onClick={() => command(kind)}>
            {COMMAND_NAMES[kind]}…
          </Button>
        ))
      }
    >
      <Answer query={query} lines={3}>
        {({ commands, people }) =>
          commands.length === 0 ? (
            <Text c="dimmed">None has been sent to it.</Text>
          ) : (
            <FewAtFirst items={commands} few={5} noun="commands">
              {(shown) => (
                <ul className={classes.list} aria-live="polite">
                  {shown.map((command) => (
                    <li key={command.id}>
                      <CommandRow command={command} by={people[command.createdBy]} now={now} />
                    </li>
                  ))}
                </ul>
              )}
            </FewAtFirst>
          )
        }
      </Answer>
    </Section>
  );
}

function CommandRow({
  command,
  by,
  now,
}: {
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
            {COMMAND_NAMES[command.command.kind]}
          </Text>
          {text !== null && (
            <Text size="sm" dir="auto" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              {text}
            </Text>
          )}
        </div>
        {command.state === 'queued' && <Cancel command={command} />}
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
          'By you'
        ) : by === undefined ? (
          'By an account that is gone'
        ) : (
          <>
            By <Given>{by}</Given>
          </>
        )}
        {waiting && (
          <>
            . It is given up <Moment at={command.expiresAt} now={now} />
          </>
        )}
        {command.detail !== null && command.detail !== '' && (
          <>
            {command.state === 'done' || command.state === 'failed' ? '. The device: ' : '. '}
            <Given>{command.detail}</Given>
          </>
        )}
      </Text>
    </>
  );
}

function StepMark({ state }: { readonly state: Step['state'] }) {
  if (state === 'waiting') return <IconCircleDashed size={16} aria-label="not yet" role="img" />;
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
      // Also when it is refused: the device may have it by now.
      await client.invalidateQueries({ queryKey: ['commands'] });
    }
  };
  return (
    <>
      <Button variant="default" size="compact-sm" onClick={open}>
        Cancel…
      </Button>
      <Confirm title="Cancel the command" opened={opened} close={close} verb="Cancel the command" act={cancel}>
        <Text>The device has not taken “{COMMAND_NAMES[command.command.kind]}” yet, and will not get it any more.</Text>
      </Confirm>
    </>
  );
}
