import { Alert, Button, Group, Modal, SegmentedControl, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { z } from 'zod';
import { issuedToMany } from '../../../../shared/api/commands.ts';
import { type DeviceActionImpact, RECORD_ACTIONS } from '../../../../shared/api/device-actions.ts';
import { ApiError } from '../../../../shared/look/api-error.ts';
import { Failure, Loading } from '../../../../shared/look/states.tsx';
import { destroysData } from '../../../../shared/protocol/command-kinds.ts';
import { type CommandId, newCommandId } from '../../../../shared/protocol/ids.ts';
import { isBlocked, WhoConfirms } from '../../actions/who-confirms.tsx';
import { call } from '../../client/call.ts';
import { useMay } from '../../client/session.tsx';
import { commandVerb } from '../../words/commands.ts';
import { HOLD_SKIPS_DEVICES } from '../../words/holds.ts';
import { CommandForm, commandOf, draftOf } from '../commands/command-form.tsx';
import { ReassignForm } from '../reassign/reassign-form.tsx';
import { selectionOf, useActionPreview } from './action-preview.ts';
import { type AffectedDevices, type Chosen, targetOf, useAffectedDevices } from './affected-devices.ts';
import { AffectedDevicesView } from './affected-devices-view.tsx';
import { CountConfirmation, Proposed } from './confirmation.tsx';
import { JobFields } from './job-fields.tsx';
import { jobOptionsOf, NO_OPTIONS } from './job-options.ts';
import { allowsJoiners, allowsRetry, offeredKinds } from './offered-kinds.ts';
import { RECORD_RIGHTS, RecordActionForm } from './record-action-form.tsx';
import { RefusedDevices } from './refused-devices.tsx';

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
    <Modal opened={opened} onClose={close} title="Bulk action" size="lg">
      <Parts chosen={chosen} close={close} sent={sent} />
    </Modal>
  );
}

type Part = 'commands' | 'records' | 'owner';

/** Dialog with parts: commands, which devices execute, changes of the server's records, and a new owner. */
function Parts({ chosen, close, sent }: Omit<Parameters<typeof BulkCommand>[0], 'opened'>) {
  const may = useMay();
  const commands = may('commands.issue-many');
  const records = RECORD_ACTIONS.some((kind) => may(RECORD_RIGHTS[kind]));
  const parts = [
    { value: 'commands', label: 'Commands', offered: commands },
    { value: 'records', label: 'Records', offered: records },
    { value: 'owner', label: 'New owner', offered: may('devices.reassign') },
  ] as const;
  const offered = parts.filter((one) => one.offered);
  const [part, setPart] = useState<Part>(offered[0]?.value ?? 'commands');
  const forms: Readonly<Record<Part, () => ReactNode>> = {
    commands: () => <Dialog chosen={chosen} close={close} sent={sent} />,
    records: () => <RecordActionForm selection={selectionOf(chosen)} action={null} close={close} done={close} />,
    owner: () => <ReassignForm selection={selectionOf(chosen)} close={close} />,
  };
  if (offered.length < 2) return forms[part]();
  return (
    <Stack>
      <SegmentedControl
        fullWidth
        aria-label="Kind of action"
        value={part}
        onChange={(value) => setPart(offered.find((one) => one.value === value)?.value ?? part)}
        data={offered.map(({ value, label }) => ({ value, label }))}
      />
      {forms[part]()}
    </Stack>
  );
}

function Dialog({ chosen, close, sent }: Omit<Parameters<typeof BulkCommand>[0], 'opened'>) {
  const may = useMay();
  const client = useQueryClient();
  const kinds = offeredKinds(may);
  const [draft, setDraft] = useState(() => draftOf('message'));
  // The command id stays the same while the dialog is open, so that a repeated request after a lost response creates no second command.
  const [id, setId] = useState(newCommandId);
  const [confirmed, setConfirmed] = useState<number | null>(null);
  const { audience, error, refetch } = useAffectedDevices(chosen);
  const [options, setOptions] = useState(NO_OPTIONS);
  const command = commandOf(draft);
  const grave = destroysData(draft.kind);
  // Only a legal hold can make the server refuse active devices, and only a command that destroys data can need a second person.
  const held = useActionPreview(grave ? { ...selectionOf(chosen), action: draft.kind } : null);

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
  const joinable = allowsJoiners(draft.kind);
  // For these commands, the form hides these options, because the server refuses them.
  const applicable = {
    ...options,
    ...(!allowsRetry(draft.kind) && { attempts: null }),
    ...(!joinable && { joiners: false }),
    ...(grave && { priority: null }),
  };
  const valid = jobOptionsOf(applicable) !== null;
  const ready =
    valid &&
    command !== null &&
    audience !== null &&
    audience.total > 0 &&
    (!grave || (confirmed === audience.total && !isBlocked(held.data?.secondPerson)));

  if (sending.error instanceof ApiError && sending.error.code === 'second_person_required') {
    return <Proposed error={sending.error} close={close} />;
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
          kind={draft.kind}
          options={options}
          change={(next) => {
            setOptions(next);
            setId(newCommandId());
          }}
          destroying={!allowsRetry(draft.kind)}
          filtered={chosen.kind === 'all' && joinable}
        />
        {error !== null && <Failure error={error} retry={() => void refetch()} />}
        {audience ? (
          <AffectedDevicesView audience={audience} kind={draft.kind} />
        ) : (
          error === null && <Loading lines={3} />
        )}
        {held.data && <RefusedDevices refused={refusedByHold(held.data)} names={held.data.names} />}
        {grave && audience !== null && audience.total > 0 && (
          <CountConfirmation noun="command" total={audience.total} confirmed={confirmed} confirm={setConfirmed} />
        )}
        {grave && <WhoConfirms second={held.data?.secondPerson} />}
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

/** The view of affected devices already states the number of devices without an enrollment. */
const refusedByHold = ({ refused }: DeviceActionImpact) => refused.filter(({ reason }) => reason === 'legal-hold');

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
