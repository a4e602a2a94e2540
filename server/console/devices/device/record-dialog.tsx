/** Dialog for an action on the record of one device. */
import { Modal, Stack, Text } from '@mantine/core';
import type { DeviceView } from '../../../../shared/api/devices.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { RECORD_ACTION_NAMES, type RecordActionKind } from '../../words/record-actions.ts';
import { RecordActionForm } from '../bulk/record-action-form.tsx';

export function RecordDialog({
  device,
  action,
  close,
}: {
  readonly device: DeviceView;
  readonly action: RecordActionKind | null;
  readonly close: () => void;
}) {
  return (
    <Modal opened={action !== null} onClose={close} title={action === null ? '' : RECORD_ACTION_NAMES[action]}>
      {action !== null && (
        <Stack>
          <Text size="sm">
            Device of <UserText>{device.user}</UserText>
            {device.hostname !== null && (
              <>
                , <UserText>{device.hostname}</UserText>
              </>
            )}
            .
          </Text>
          <RecordActionForm
            selection={{ devices: [device.id] }}
            action={action}
            {...(action === 'label' && { labels: device.labels })}
            close={close}
            done={close}
          />
        </Stack>
      )}
    </Modal>
  );
}
