/** Dialog for the group, home area and legal seat of a device. Orders apply to devices by their home area and legal seat. */
import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type DeviceView, deviceView } from '../../../../shared/api/devices.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { call } from '../../client/call.ts';
import { groupsQuery } from '../../client/queries.ts';
import { AreaSelect } from '../../parts/area-select.tsx';
import { staticGroups } from '../../parts/group-choices.ts';

export function DetailsDialog({
  device,
  opened,
  close,
}: {
  readonly device: DeviceView;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  return (
    <Modal opened={opened} onClose={close} title="Device details">
      <Form device={device} close={close} />
    </Modal>
  );
}

function Form({ device, close }: { readonly device: DeviceView; readonly close: () => void }) {
  const client = useQueryClient();
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const [group, setGroup] = useState<string>(device.group.id);
  const [home, setHome] = useState(device.own.home);
  const [seat, setSeat] = useState(device.own.seat);
  const change = {
    ...(group !== device.group.id && { group }),
    ...(home !== device.own.home && { home }),
    ...(seat !== device.own.seat && { seat }),
  };
  const saving = useMutation({
    mutationFn: () => call('PATCH', `/devices/${device.id}`, deviceView, change),
    onSuccess: async () => {
      await client.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[1]).startsWith(`/devices/${device.id}`),
      });
      close();
    },
  });
  const chosen = groups.find(({ id }) => id === group);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <Stack>
        <Text size="sm">
          Orders use the new home area or legal seat at once. If the change alters the effect of an order, a second
          person must confirm the change.
        </Text>
        <Select
          label="Group"
          data={staticGroups(groups).map(({ id, name }) => ({ value: id, label: name }))}
          searchable
          allowDeselect={false}
          limit={100}
          nothingFoundMessage="No group found"
          value={group}
          onChange={(value) => value !== null && setGroup(value)}
        />
        <AreaSelect
          label="Home area"
          description="Area where the user lives and works"
          placeholder={chosen?.home ? `From its group: ${chosen.home}` : 'Not set'}
          value={home}
          onChange={setHome}
        />
        <AreaSelect
          label="Legal seat"
          description="Area in which the organization that owns the device is registered"
          placeholder={chosen?.seat ? `From its group: ${chosen.seat}` : 'Not set'}
          value={seat}
          onChange={setSeat}
        />
        {saving.isError && <Failure error={saving.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={Object.keys(change).length === 0} loading={saving.isPending}>
            Save details
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
