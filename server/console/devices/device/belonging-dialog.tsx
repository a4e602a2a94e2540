/** Where a device belongs: its group, its home and its seat. Orders ask for home and seat. */
import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type DeviceView, deviceView } from '../../../../shared/api/devices.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { call } from '../../client/call.ts';
import { groupsQuery } from '../../client/queries.ts';
import { PlaceSelect } from '../../parts/place-select.tsx';

export function BelongingDialog({
  device,
  opened,
  close,
}: {
  readonly device: DeviceView;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  return (
    <Modal opened={opened} onClose={close} title="Where it belongs">
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
        <Text size="sm">Orders for a home or a seat are applied at once by what you set here.</Text>
        <Select
          label="Group"
          data={groups.map(({ id, name }) => ({ value: id, label: name }))}
          searchable
          allowDeselect={false}
          limit={100}
          nothingFoundMessage="No such group"
          value={group}
          onChange={(value) => value !== null && setGroup(value)}
        />
        <PlaceSelect
          label="Home"
          description="Where its user lives and works."
          placeholder={chosen?.home ? `As its group: ${chosen.home}` : 'Not set'}
          value={home}
          onChange={setHome}
        />
        <PlaceSelect
          label="Seat"
          description="Where the part of the company is that it belongs to."
          placeholder={chosen?.seat ? `As its group: ${chosen.seat}` : 'Not set'}
          value={seat}
          onChange={setSeat}
        />
        {saving.isError && <Failure error={saving.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={Object.keys(change).length === 0} loading={saving.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
