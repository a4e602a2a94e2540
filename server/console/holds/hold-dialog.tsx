import { Button, Group, Modal, Radio, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { legalHoldView } from '../../../shared/api/holds.ts';
import type { PersonView } from '../../../shared/api/people.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { PersonSelect } from '../parts/person-select.tsx';
import { HOLD_MEANING } from '../words/holds.ts';
import { holdRequest, NO_HOLD } from './hold-draft.ts';
import { HoldFields } from './hold-fields.tsx';

interface DeviceOfUser {
  readonly id: string;
  readonly person: string;
  readonly user: string;
}

export function HoldDialog({
  device = null,
  opened,
  close,
}: {
  readonly device?: DeviceOfUser | null;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  return (
    <Modal opened={opened} onClose={close} title="Place legal hold">
      <Form device={device} close={close} />
    </Modal>
  );
}

function Form({ device, close }: { readonly device: DeviceOfUser | null; readonly close: () => void }) {
  const client = useQueryClient();
  const [whole, setWhole] = useState(device === null);
  const [chosen, setChosen] = useState<PersonView | null>(null);
  const [draft, setDraft] = useState(NO_HOLD);
  const request = holdRequest(draft);
  const person = device?.person ?? chosen?.id;
  const placing = useMutation({
    mutationFn: () =>
      call('POST', '/legal-holds', legalHoldView, {
        ...(device !== null && !whole ? { device: device.id } : { person }),
        ...request,
      }),
    onSuccess: async () => {
      await client.invalidateQueries();
      close();
    },
  });
  const ready = request !== null && (!whole || person !== undefined);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) placing.mutate();
      }}
    >
      <Stack>
        <Text size="sm">{HOLD_MEANING}</Text>
        {device === null ? (
          <PersonSelect
            label="Person"
            description="The legal hold applies to all current and future devices of the person. To protect only one device, use the page of that device."
            required
            data-autofocus
            chosen={chosen}
            choose={setChosen}
          />
        ) : (
          <Radio.Group
            label="Scope"
            value={whole ? 'person' : 'device'}
            onChange={(value) => setWhole(value === 'person')}
          >
            <Stack gap={6} mt={4}>
              <Radio value="device" label="This device only" />
              <Radio
                value="person"
                label={
                  <>
                    All current and future devices of <UserText>{device.user}</UserText>
                  </>
                }
              />
            </Stack>
          </Radio.Group>
        )}
        <HoldFields draft={draft} change={setDraft} />
        {placing.isError && <Failure error={placing.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!ready} loading={placing.isPending}>
            Place legal hold
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
