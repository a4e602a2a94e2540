/** Places a legal hold: on a device that one is looking at, or on all devices of a user. */
import { Alert, Button, Group, Modal, Radio, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { devicePage } from '../../../shared/api/devices.ts';
import { legalHoldView } from '../../../shared/api/holds.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Failure } from '../../../shared/look/states.tsx';
import { call, withQuery } from '../client/call.ts';
import { question } from '../client/queries.ts';
import { HOLD_MEANING } from '../words/holds.ts';

interface Held {
  readonly id: string;
  readonly user: string;
}

export function PlaceDialog({
  device = null,
  opened,
  close,
}: {
  /** Null: a user is asked for. */
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
  const [user, setUser] = useState(device?.user ?? '');
  const [reason, setReason] = useState('');
  const [reference, setReference] = useState('');
  const name = user.trim();
  const placing = useMutation({
    mutationFn: () =>
      call('POST', '/legal-holds', legalHoldView, {
        ...(device !== null && !whole ? { device: device.id } : { user: name }),
        reason: reason.trim(),
        ...(reference.trim() !== '' && { reference: reference.trim() }),
      }),
    onSuccess: async () => {
      await client.invalidateQueries();
      close();
    },
  });
  const ready = reason.trim() !== '' && (!whole || name !== '');
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
          <>
            <TextInput
              label="User"
              description="The name that the devices were enrolled for; later ones are held too. For one device alone, place the hold on its page."
              dir="auto"
              required
              maxLength={120}
              data-autofocus
              value={user}
              onChange={({ currentTarget }) => setUser(currentTarget.value)}
            />
            <Known user={name} />
          </>
        ) : (
          <Radio.Group
            label="On what"
            value={whole ? 'user' : 'device'}
            onChange={(value) => setWhole(value === 'user')}
          >
            <Stack gap={6} mt={4}>
              <Radio value="device" label="This device alone" />
              <Radio
                value="user"
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

/** A name that is written otherwise than on the devices would hold nothing: said before it is placed, and no reason not to. */
function Known({ user }: { readonly user: string }) {
  const path = withQuery('/devices', { text: user, limit: 1 });
  const total = useQuery({ ...question(['devices'], path, devicePage), enabled: user.length > 1 }).data?.total;
  if (user.length < 2 || total === undefined) return null;
  if (total > 0) {
    return (
      <Text size="sm" c="dimmed" aria-live="polite">
        {total.toLocaleString('en')} {total === 1 ? 'device has' : 'devices have'} this in a name; those are held whose
        user’s whole name it is.
      </Text>
    );
  }
  return (
    <Alert color="yellow" title="No device has this in its user’s name" role="status">
      See that it is written as on the devices. A device that is enrolled for this name later is held.
    </Alert>
  );
}
