import { Alert, Button, Group, Modal, NumberInput, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { issuedToMany } from '../../../../shared/api/commands.ts';
import { ApiError } from '../../../../shared/look/api-error.ts';
import { Failure, Loading } from '../../../../shared/look/states.tsx';
import { COMMAND_KINDS, destroysData } from '../../../../shared/protocol/command-kinds.ts';
import { type CommandId, newCommandId } from '../../../../shared/protocol/ids.ts';
import { actionsQuery } from '../../actions/queries.ts';
import { call } from '../../client/call.ts';
import { useMay } from '../../client/session.tsx';
import { ButtonLink } from '../../parts/links.tsx';
import { commandVerb } from '../../words/commands.ts';
import { HOLD_SKIPS_DEVICES } from '../../words/holds.ts';
import { CommandForm, commandOf, draftOf } from '../commands/command-form.tsx';
import { type AffectedDevices, type Chosen, targetOf, useAffectedDevices } from './affected-devices.ts';
import { AffectedDevicesView } from './affected-devices-view.tsx';
import { JobFields } from './job-fields.tsx';
import { jobOptionsOf, NO_OPTIONS } from './job-options.ts';

const HARMLESS = COMMAND_KINDS.filter((kind) => !destroysData(kind));

export function BulkCommand({
  chosen,
  opened,
  close,
  sent,
}: {
  readonly chosen: Chosen;
  readonly opened: boolean;
  readonly close: () => void;
  readonly sent: (id: CommandId) => void;
}) {
  return (
    <Modal opened={opened} onClose={close} title="Bulk command" size="lg">
      <Dialog chosen={chosen} close={close} sent={sent} />
    </Modal>
  );
}

function CountConfirmation({
  total,
  confirmed,
  confirm,
}: {
  readonly total: number;
  readonly confirmed: number | null;
  readonly confirm: (count: number | null) => void;
}) {
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title="You cannot undo this command">
      <NumberInput
        label={`Type the number of devices, ${total.toLocaleString('en')}, to confirm`}
        allowNegative={false}
        allowDecimal={false}
        styles={{ wrapper: { maxWidth: 220 } }}
        value={confirmed ?? ''}
        onChange={(value) => confirm(typeof value === 'number' ? value : null)}
      />
    </Alert>
  );
}

function Dialog({ chosen, close, sent }: Omit<Parameters<typeof BulkCommand>[0], 'opened'>) {
  const may = useMay();
  const client = useQueryClient();
  const kinds = may('commands.destroy') ? COMMAND_KINDS : HARMLESS;
  const [draft, setDraft] = useState(() => draftOf('message'));
  // The command id stays the same while the dialog is open, so that a repeated request after a lost response creates no second command.
  const [id, setId] = useState(newCommandId);
  const [confirmed, setConfirmed] = useState<number | null>(null);
  const { audience, error, refetch } = useAffectedDevices(chosen);
  const [options, setOptions] = useState(NO_OPTIONS);
  const command = commandOf(draft);
  const grave = destroysData(draft.kind);

  const sending = useMutation({
    mutationFn: (to: AffectedDevices) =>
      call('POST', '/commands', issuedToMany, {
        id,
        command,
        expiresInSeconds: draft.expiresInSeconds,
        ...targetOf(chosen, to),
        ...jobOptionsOf(applicable),
      }),
    onSuccess: (issued) => {
      void client.invalidateQueries({ queryKey: ['commands'] });
      if (countUnderLegalHold(issued) === 0) sent(issued.id);
    },
    onError: (refused) => {
      if (refused instanceof ApiError && refused.code === 'conflict') {
        setConfirmed(null);
        setId(newCommandId());
        void refetch();
      }
    },
  });
  const changed = sending.error instanceof ApiError && sending.error.code === 'conflict';
  // The form hides these options for these commands, because the server refuses them.
  const applicable = {
    ...options,
    ...(grave && { attempts: null }),
    ...((grave || draft.kind === 'lock-workspace') && { joiners: false }),
  };
  const valid = jobOptionsOf(applicable) !== null;
  const ready =
    valid && command !== null && audience !== null && audience.total > 0 && (!grave || confirmed === audience.total);

  if (sending.error instanceof ApiError && sending.error.code === 'second_person_required') {
    return <Proposed close={close} />;
  }
  if (sending.data && countUnderLegalHold(sending.data) > 0)
    return <SkippedNotice issued={sending.data} close={close} sent={sent} />;
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
            Your role does not allow you to wipe or unenroll devices.
          </Text>
        )}
        <JobFields
          options={options}
          change={(next) => {
            setOptions(next);
            setId(newCommandId());
          }}
          destroying={grave}
          filtered={chosen.kind === 'all' && draft.kind !== 'lock-workspace'}
        />
        {error !== null && <Failure error={error} retry={() => void refetch()} />}
        {audience ? (
          <AffectedDevicesView audience={audience} kind={draft.kind} />
        ) : (
          error === null && <Loading lines={3} />
        )}
        {grave && audience !== null && audience.total > 0 && (
          <CountConfirmation total={audience.total} confirmed={confirmed} confirm={setConfirmed} />
        )}
        {grave && <SecondPerson total={audience?.total ?? 0} />}
        {changed ? (
          <Alert color="yellow" title="The number of devices has changed" role="alert">
            <Text size="sm">
              The server did not send the command. Review the affected devices, then send the command again.
            </Text>
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

/** Notice that the command waits for another admin's confirmation. */
function SecondPerson({ total }: { readonly total: number }) {
  const may = useMay();
  const soloLimit = useQuery({ ...actionsQuery, enabled: may('actions.list') }).data?.soloLimit;
  if (!soloLimit || soloLimit.used + total <= soloLimit.limit) return null;
  return (
    <Alert color="yellow" title="A second person must confirm this command">
      <Text size="sm">
        One admin alone may wipe, unenroll or revoke at most {soloLimit.limit} devices in 24 hours. The server records
        this command as a pending action. Another admin can confirm the action within 24 hours.
      </Text>
    </Alert>
  );
}

function Proposed({ close }: { readonly close: () => void }) {
  return (
    <Stack>
      <Alert color="yellow" title="Command pending confirmation" role="status">
        <Text size="sm">
          No device has received the command yet. Another admin can confirm or decline the command within 24 hours.
        </Text>
      </Alert>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Close
        </Button>
        <ButtonLink to="/actions">Show pending actions</ButtonLink>
      </Group>
    </Stack>
  );
}

type Issued = z.output<typeof issuedToMany>;

const countUnderLegalHold = ({ refused }: Issued): number => refused.filter(({ code }) => code === 'legal_hold').length;

/** Notice that the server skipped devices under a legal hold. */
function SkippedNotice({
  issued,
  close,
  sent,
}: Pick<Parameters<typeof BulkCommand>[0], 'close' | 'sent'> & { readonly issued: Issued }) {
  const count = countUnderLegalHold(issued);
  const skipped = count === 1 ? '1 device' : `${count.toLocaleString('en')} devices`;
  return (
    <Stack>
      <Alert color="yellow" title={`The server skipped ${skipped} because of a legal hold`} role="alert">
        <Text size="sm">
          {HOLD_SKIPS_DEVICES}{' '}
          {issued.queued === 0
            ? 'The server sent the command to no device.'
            : `The server sent the command to ${issued.queued.toLocaleString('en')} other devices.`}
        </Text>
      </Alert>
      <Group justify="flex-end">
        <Button onClick={() => (issued.queued === 0 ? close() : sent(issued.id))}>
          {issued.queued === 0 ? 'Close' : 'Show progress'}
        </Button>
      </Group>
    </Stack>
  );
}
