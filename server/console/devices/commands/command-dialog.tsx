import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { COMMAND_NAMES } from '../../../../shared/api/command-names.ts';
import { commandView } from '../../../../shared/api/commands.ts';
import type { DeviceView } from '../../../../shared/api/devices.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { type CommandKind, destroysData } from '../../../../shared/protocol/command-kinds.ts';
import { newCommandId } from '../../../../shared/protocol/ids.ts';
import { call } from '../../client/call.ts';
import { COMMAND_MEANING, COMMAND_VERBS } from '../../words/commands.ts';
import { CommandForm, commandOf, draftOf } from './command-form.tsx';

export function CommandDialog({
  device,
  kind,
  close,
}: {
  readonly device: DeviceView;
  readonly kind: CommandKind | null;
  readonly close: () => void;
}) {
  return (
    <Modal opened={kind !== null} onClose={close} title={kind === null ? '' : COMMAND_NAMES[kind]}>
      {kind !== null && <Form device={device} kind={kind} close={close} />}
    </Modal>
  );
}

function Form({
  device,
  kind,
  close,
}: {
  readonly device: DeviceView;
  readonly kind: CommandKind;
  readonly close: () => void;
}) {
  const client = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(kind));
  // The command id stays the same while the dialog is open, so that a repeated request after a lost response creates no second command.
  const [id, setId] = useState(newCommandId);
  const command = commandOf(draft);
  const grave = destroysData(kind);
  const sending = useMutation({
    mutationFn: () =>
      call('POST', `/devices/${device.id}/commands`, commandView, {
        id,
        command,
        expiresInSeconds: draft.expiresInSeconds,
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['commands'] });
      close();
    },
  });
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (command !== null) sending.mutate();
      }}
    >
      <Stack>
        <Text size="sm">
          Device of <UserText>{device.user}</UserText>
          {device.hostname !== null && (
            <>
              , <UserText>{device.hostname}</UserText>
            </>
          )}
          . {!device.presence?.connected && 'The device is offline. It receives the command when it connects.'}
        </Text>
        {grave ? (
          <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title="You cannot undo this command">
            {COMMAND_MEANING[kind]}
          </Alert>
        ) : (
          kind !== 'message' && <Text size="sm">{COMMAND_MEANING[kind]}</Text>
        )}
        <CommandForm
          draft={draft}
          kinds={[kind]}
          change={(next) => {
            setDraft(next);
            setId(newCommandId());
          }}
        />
        {sending.isError && <Failure error={sending.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            type="submit"
            {...(grave && { color: 'red' })}
            disabled={command === null}
            loading={sending.isPending}
          >
            {COMMAND_VERBS[kind]}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
