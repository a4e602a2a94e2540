/** A command for many: which one, whom it reaches, and a last look before it is sent. */
import { Alert, Button, Group, Modal, NumberInput, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { issuedToMany } from '../../../../shared/api/commands.ts';
import { Refusal } from '../../../../shared/look/refusal.ts';
import { Failure, Loading } from '../../../../shared/look/states.tsx';
import type { CommandKind } from '../../../../shared/protocol/frames.ts';
import { type CommandId, newCommandId } from '../../../../shared/protocol/ids.ts';
import { actionsQuery } from '../../actions/queries.ts';
import { call } from '../../client/call.ts';
import { useMay } from '../../client/session.tsx';
import { ButtonLink } from '../../parts/links.tsx';
import { commandVerb, isGrave } from '../../words/commands.ts';
import { HOLD_LEFT_OUT } from '../../words/holds.ts';
import { CommandForm, commandOf, draftOf } from '../commands/command-form.tsx';
import { type Audience, type Chosen, targetOf, useAudience } from './audience.ts';
import { AudienceView } from './audience-view.tsx';

const KINDS: readonly CommandKind[] = [
  'message',
  'lock-workspace',
  'unlock-workspace',
  'refresh-inventory',
  'restart-agent',
];
const GRAVE: readonly CommandKind[] = ['wipe-workspace', 'unenrol'];

export function BulkCommand({
  chosen,
  opened,
  close,
  sent,
}: {
  readonly chosen: Chosen;
  readonly opened: boolean;
  readonly close: () => void;
  /** The request's id, by which its progress can be followed. */
  readonly sent: (id: CommandId) => void;
}) {
  return (
    <Modal opened={opened} onClose={close} title="A command for many devices" size="lg">
      <Dialog chosen={chosen} close={close} sent={sent} />
    </Modal>
  );
}

function Dialog({ chosen, close, sent }: Omit<Parameters<typeof BulkCommand>[0], 'opened'>) {
  const may = useMay();
  const client = useQueryClient();
  const kinds = may('commands.destroy') ? [...KINDS, ...GRAVE] : KINDS;
  const [draft, setDraft] = useState(() => draftOf('message'));
  // One id for this dialog: should the answer be lost on the way, the same request again sends nothing twice.
  const [id, setId] = useState(newCommandId);
  const [confirmed, setConfirmed] = useState<number | null>(null);
  const { audience, error, refetch } = useAudience(chosen);
  const command = commandOf(draft);
  const grave = isGrave(draft.kind);

  const sending = useMutation({
    mutationFn: (to: Audience) =>
      call('POST', '/commands', issuedToMany, {
        id,
        command,
        expiresInSeconds: draft.expiresInSeconds,
        ...targetOf(chosen, to),
      }),
    onSuccess: (issued) => {
      void client.invalidateQueries({ queryKey: ['commands'] });
      if (keptOf(issued) === 0) sent(issued.id);
    },
    onError: (refused) => {
      // Another number of devices by now: what was looked at is shown anew.
      if (refused instanceof Refusal && refused.code === 'conflict') {
        setConfirmed(null);
        setId(newCommandId());
        void refetch();
      }
    },
  });
  const changed = sending.error instanceof Refusal && sending.error.code === 'conflict';
  const ready = command !== null && audience !== null && audience.total > 0 && (!grave || confirmed === audience.total);

  if (sending.error instanceof Refusal && sending.error.code === 'second_person_required') {
    return <Proposed close={close} />;
  }
  if (sending.data && keptOf(sending.data) > 0) return <Kept issued={sending.data} close={close} sent={sent} />;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) sending.mutate(audience);
      }}
    >
      <Stack>
        <CommandForm
          draft={draft}
          change={(next) => {
            setDraft(next);
            setConfirmed(null);
            setId(newCommandId());
            sending.reset();
          }}
          kinds={kinds}
        />
        {!may('commands.destroy') && (
          <Text size="xs" c="dimmed">
            Your role can neither wipe nor unenrol devices.
          </Text>
        )}
        {error !== null && <Failure error={error} retry={() => void refetch()} />}
        {audience ? <AudienceView audience={audience} /> : error === null && <Loading lines={3} />}
        {grave && audience !== null && audience.total > 0 && (
          <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title="This cannot be undone">
            <NumberInput
              label={`Type the number of devices, ${audience.total.toLocaleString('en')}, to confirm`}
              allowNegative={false}
              allowDecimal={false}
              styles={{ wrapper: { maxWidth: 220 } }}
              value={confirmed ?? ''}
              onChange={(value) => setConfirmed(typeof value === 'number' ? value : null)}
            />
          </Alert>
        )}
        {grave && <SecondPerson total={audience?.total ?? 0} />}
        {changed ? (
          <Alert color="yellow" title="The number of devices has changed" role="alert">
            <Text size="sm">Nothing was sent. Look at whom it reaches now, and send it again.</Text>
          </Alert>
        ) : (
          sending.isError && <Failure error={sending.error} />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" {...(grave && { color: 'red' })} disabled={!ready} loading={sending.isPending}>
            {commandVerb(draft.kind, audience?.total ?? 0)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Said before the command is sent: it then waits for another admin. */
function SecondPerson({ total }: { readonly total: number }) {
  const may = useMay();
  const alone = useQuery({ ...actionsQuery, enabled: may('actions.list') }).data?.alone;
  if (!alone || alone.taken + total <= alone.limit) return null;
  return (
    <Alert color="yellow" title="A second person must confirm this command">
      <Text size="sm">
        One person may destroy {alone.limit} devices in 24 hours. The server records this command as a pending action.
        Another admin can confirm it within 24 hours.
      </Text>
    </Alert>
  );
}

function Proposed({ close }: { readonly close: () => void }) {
  return (
    <Stack>
      <Alert color="yellow" title="The command waits for a second person" role="status">
        <Text size="sm">No device has received it yet. Another admin can confirm or decline it within 24 hours.</Text>
      </Alert>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Close
        </Button>
        <ButtonLink to="/actions">Show the pending actions</ButtonLink>
      </Group>
    </Stack>
  );
}

type Issued = z.output<typeof issuedToMany>;

const keptOf = ({ refused }: Issued): number => refused.filter(({ code }) => code === 'legal_hold').length;

/** What must be read before one goes on: some were left out. */
function Kept({
  issued,
  close,
  sent,
}: Pick<Parameters<typeof BulkCommand>[0], 'close' | 'sent'> & { readonly issued: Issued }) {
  const kept = keptOf(issued);
  const are = kept === 1 ? '1 device was' : `${kept.toLocaleString('en')} devices were`;
  return (
    <Stack>
      <Alert color="yellow" title={`${are} left out: a legal hold stands`} role="alert">
        <Text size="sm">
          {HOLD_LEFT_OUT}{' '}
          {issued.queued === 0 ? 'Nothing was sent.' : `It was sent to ${issued.queued.toLocaleString('en')} others.`}
        </Text>
      </Alert>
      <Group justify="flex-end">
        <Button onClick={() => (issued.queued === 0 ? close() : sent(issued.id))}>
          {issued.queued === 0 ? 'Close' : 'To its progress'}
        </Button>
      </Group>
    </Stack>
  );
}
