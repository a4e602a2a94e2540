/** Dialog for the display name of a device. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type DeviceView, deviceView } from '../../../../shared/api/devices.ts';
import { displayNameSchema, LONGEST_DISPLAY_NAME } from '../../../../shared/devices/display-name.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { call } from '../../client/call.ts';

export function RenameDialog({
  device,
  opened,
  close,
}: {
  readonly device: DeviceView;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  return (
    <Modal opened={opened} onClose={close} title="Rename device">
      <Form device={device} close={close} />
    </Modal>
  );
}

function Form({ device, close }: { readonly device: DeviceView; readonly close: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(device.displayName ?? '');
  const isEmpty = name.trim() === '';
  const parsed = displayNameSchema.safeParse(name);
  const saving = useMutation({
    mutationFn: () => call('PATCH', `/devices/${device.id}/name`, deviceView, { name: isEmpty ? null : name }),
    onSuccess: async () => {
      await client.invalidateQueries();
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">
          Lists and searches show the name, and the user of the device sees it. Without a name, they show the host name
          {device.hostname !== null && (
            <>
              {' '}
              <UserText>{device.hostname}</UserText>
            </>
          )}
          .
        </Text>
        <TextInput
          label="Name"
          description="Leave the field empty to remove the name."
          dir="auto"
          maxLength={LONGEST_DISPLAY_NAME}
          value={name}
          error={!isEmpty && !parsed.success && parsed.error.issues[0]?.message}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        {saving.isError && <Failure error={saving.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            type="submit"
            disabled={name === (device.displayName ?? '') || !(isEmpty || parsed.success)}
            loading={saving.isPending}
          >
            Save name
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
