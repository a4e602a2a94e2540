/** Places a legal hold: on one device, or on all devices of a person. */
import { Button, Group, Modal, Radio, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { legalHoldView } from '../../../shared/api/holds.ts';
import type { PersonView } from '../../../shared/api/people.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { PersonSelect } from '../parts/person-select.tsx';
import { HOLD_MEANING } from '../words/holds.ts';

interface Held {
  readonly id: string;
  readonly person: string;
  readonly user: string;
}

export function PlaceDialog({
  device = null,
  opened,
  close,
}: {
  /** Null: the dialog asks for a person. */
  readonly device?: Held | null;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  return (
    <Modal opened={opened} onClose={close} title="Place a legal hold">
      <Form device={device} close={close} />
    </Modal>
  );
}

function Form({ device, close }: { readonly device: Held | null; readonly close: () => void }) {
  const client = useQueryClient();
  const [whole, setWhole] = useState(device === null);
  const [chosen, setChosen] = useState<PersonView | null>(null);
  const [reason, setReason] = useState('');
  const [reference, setReference] = useState('');
  const person = device?.person ?? chosen?.id;
  const placing = useMutation({
    mutationFn: () =>
      call('POST', '/legal-holds', legalHoldView, {
        ...(device !== null && !whole ? { device: device.id } : { person }),
        reason: reason.trim(),
        ...(reference.trim() !== '' && { reference: reference.trim() }),
      }),
    onSuccess: async () => {
      await client.invalidateQueries();
      close();
    },
  });
  const ready = reason.trim() !== '' && (!whole || person !== undefined);
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
            description="The hold applies to all devices of the person, also later ones. For one device, place the hold on the device's page."
            required
            data-autofocus
            chosen={chosen}
            choose={setChosen}
          />
        ) : (
          <Radio.Group
            label="On what"
            value={whole ? 'person' : 'device'}
            onChange={(value) => setWhole(value === 'person')}
          >
            <Stack gap={6} mt={4}>
              <Radio value="device" label="This device alone" />
              <Radio
                value="person"
                label={
                  <>
                    All devices of <Given>{device.user}</Given>, also later ones
                  </>
                }
              />
            </Stack>
          </Radio.Group>
        )}
        <Textarea
          label="Reason"
          description="For those who may read holds: owners, legal and auditors."
          dir="auto"
          required
          autosize
          minRows={2}
          maxLength={2000}
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        <TextInput
          label="Reference"
          description="A case’s number, if there is one."
          dir="auto"
          maxLength={120}
          value={reference}
          onChange={({ currentTarget }) => setReference(currentTarget.value)}
        />
        {placing.isError && <Failure error={placing.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!ready} loading={placing.isPending}>
            Place the hold
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
