import { Button, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { commandView } from '../../../../shared/api/commands.ts';
import type { DeviceView } from '../../../../shared/api/devices.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { call } from '../../client/call.ts';
import { Row } from './danger-row.tsx';

/** Row of the danger zone for a user who has forgotten the passcode of the workspace. */
export function ResetPasscode({ device }: { readonly device: DeviceView }) {
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const reset = async () => {
    const command = { kind: 'unlock-workspace', resetPasscode: true };
    await call('POST', `/devices/${device.id}/commands`, commandView, { command });
    await client.invalidateQueries();
  };
  return (
    <>
      <Row
        title="Reset passcode"
        description="Use this if the user has forgotten the passcode of the workspace, or has entered too many wrong ones. No data is lost."
        action={
          <Button color="red" variant="light" onClick={open}>
            Reset passcode…
          </Button>
        }
      />
      <Confirm title="Reset passcode" opened={opened} close={close} verb="Reset passcode" grave act={reset}>
        <Stack>
          <Text size="sm">
            The workspace on the device of <UserText>{device.user}</UserText> opens without a passcode, and a lock by an
            admin ends too. Anyone who has the device can then read the workspace until the user sets another passcode.
          </Text>
          <Text size="sm" fw={600}>
            Make sure that the user has the device and asks for the reset.
          </Text>
        </Stack>
      </Confirm>
    </>
  );
}
