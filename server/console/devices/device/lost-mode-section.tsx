/** Lost mode of a device: its state, its positions, and its start and end. */
import { Anchor, Badge, Button, Group, Modal, Paper, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { z } from 'zod';
import type { DeviceView } from '../../../../shared/api/devices.ts';
import { type LostModeView, lostModeState, positionList } from '../../../../shared/api/lost-mode.ts';
import { done } from '../../../../shared/api/wire.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { Failure, QueryResult } from '../../../../shared/look/states.tsx';
import { dateTime } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { MOST_POSITIONS } from '../../../../shared/lost-mode/lost-mode.ts';
import { call } from '../../client/call.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import { lostModeFieldsOf, NO_LOST_MODE } from '../lost-mode-draft.ts';
import { LostModeFields } from '../lost-mode-fields.tsx';
import { lostModeQuery } from '../queries.ts';
import classes from './device.module.css';

type Position = z.output<typeof positionList>['positions'][number];

export function LostModeSection({ device }: { readonly device: DeviceView }) {
  const may = useMay();
  const query = useQuery(lostModeQuery(device.id));
  const [starting, { open, close }] = useDisclosure(false);
  const mode = query.data?.lostMode ?? null;
  const isOn = mode !== null && mode.endedAt === null;
  const start = query.data && !isOn && device.status === 'active' && may('lost-mode.start') && (
    <Button variant="default" size="xs" onClick={open}>
      Start lost mode…
    </Button>
  );
  return (
    <Section title="Lost mode" actions={start}>
      <QueryResult query={query} lines={1}>
        {() => (isOn ? <Lasting device={device} mode={mode} /> : <Off mode={mode} />)}
      </QueryResult>
      <Modal opened={starting} onClose={close} title="Start lost mode">
        <StartForm device={device} close={close} />
      </Modal>
    </Section>
  );
}

const ENDS: Readonly<Record<NonNullable<LostModeView['endedBy']>, string>> = {
  admin: 'An admin ended it',
  user: 'The user ended it on the device',
  expiry: 'It expired',
  enrollment: 'It ended with the enrollment',
  device: 'The device had ended it before the server was restored',
};

function Off({ mode }: { readonly mode: LostModeView | null }) {
  if (mode === null || mode.endedAt === null || mode.endedBy === null) {
    return (
      <Text size="sm" c="dimmed">
        Lost mode is off. The server has no coordinates of this device.
      </Text>
    );
  }
  return (
    <Text size="sm" c="dimmed">
      Lost mode is off. {ENDS[mode.endedBy]} <Moment at={mode.endedAt} />, and the server deleted the coordinates.
    </Text>
  );
}

function Lasting({ device, mode }: { readonly device: DeviceView; readonly mode: LostModeView }) {
  const may = useMay();
  const now = useServerNow(10_000);
  const client = useQueryClient();
  const [ending, { open, close }] = useDisclosure(false);
  const { reason, contact, startedAt, until, deliveredAt, unlocatedAt, positions } = mode;
  const end = async () => {
    await call('POST', `/devices/${device.id}/lost-mode/end`, done, {});
    await client.invalidateQueries({ queryKey: lostModeQuery(device.id).queryKey });
  };
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Group gap="xs">
          <Badge color="orange">Lost mode on</Badge>
          <Text size="sm">
            Since <Moment at={startedAt} now={now} />, until {dateTime(until)}
          </Text>
        </Group>
        <Text size="sm">
          {deliveredAt === null
            ? 'The device has not received lost mode. It receives it when it connects.'
            : 'The device shows lost mode to its user, who can end it.'}
        </Text>
        <Text size="sm" className={classes.text}>
          Reason: <UserText>{reason}</UserText>
        </Text>
        <Text size="sm" className={classes.text}>
          Text for a finder: <UserText>{contact}</UserText>
        </Text>
        <Text size="sm">
          {positions.newestAt === null ? (
            'No position yet.'
          ) : (
            <>
              {positions.count === 1 ? '1 position' : `${positions.count} positions`}, the newest{' '}
              <Moment at={positions.newestAt} now={now} />.
            </>
          )}
          {unlocatedAt !== null && (
            <>
              {' '}
              <Moment at={unlocatedAt} now={now} />, no sensor of the device knew its position.
            </>
          )}
        </Text>
        {may('lost-mode.locate') && positions.count > 0 && <Positions device={device} />}
        {may('lost-mode.end') && (
          <Group>
            <Button variant="default" size="xs" onClick={open}>
              End lost mode…
            </Button>
          </Group>
        )}
      </Stack>
      <Confirm title="End lost mode" opened={ending} close={close} verb="End lost mode" act={end}>
        <Text size="sm">
          The device stops reporting its position. The server deletes all positions now, and you cannot see them again.
        </Text>
      </Confirm>
    </Paper>
  );
}

/** Positions appear only after a click, because each request is an entry of the activity log. */
function Positions({ device }: { readonly device: DeviceView }) {
  const now = useServerNow(10_000);
  const locating = useMutation({
    mutationFn: () => call('POST', `/devices/${device.id}/lost-mode/locate`, positionList, {}),
  });
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Button size="xs" loading={locating.isPending} onClick={() => locating.mutate()}>
          {locating.data ? 'Update positions' : 'Show positions'}
        </Button>
        <Text size="xs" c="dimmed">
          The activity log records each time that you see the positions.
        </Text>
      </Group>
      {locating.isError && <Failure error={locating.error} />}
      {locating.data && (
        <ol className={classes.list} aria-label="Positions, newest first">
          {locating.data.positions.map((position) => (
            <li key={position.at}>
              <Text size="sm">
                <Place position={position} />, within {Math.ceil(position.accuracy).toLocaleString('en')} m,{' '}
                <Moment at={position.at} now={now} />
              </Text>
            </li>
          ))}
        </ol>
      )}
    </Stack>
  );
}

/** Coordinates with a link (RFC 5870) that opens the map program of the admin. The console sends them to no map service. */
function Place({ position: { latitude, longitude, accuracy } }: { readonly position: Position }) {
  return (
    <Anchor href={`geo:${latitude},${longitude};u=${Math.ceil(accuracy)}`} size="sm" className={classes.mono}>
      {latitude.toFixed(5)}, {longitude.toFixed(5)}
    </Anchor>
  );
}

function StartForm({ device, close }: { readonly device: DeviceView; readonly close: () => void }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState(NO_LOST_MODE);
  const fields = lostModeFieldsOf(draft);
  const starting = useMutation({
    mutationFn: () => call('POST', `/devices/${device.id}/lost-mode`, lostModeState, fields ?? {}),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: lostModeQuery(device.id).queryKey });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    starting.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">
          The device of <UserText>{device.user}</UserText> shows that lost mode is on, and reports its position every
          five minutes while it is connected. The server keeps the newest {MOST_POSITIONS} positions, and deletes them
          when lost mode ends. The user can end lost mode on the device.
        </Text>
        <Text size="sm">Lost mode does not lock the workspace. Lock it with the command “Lock workspace”.</Text>
        <LostModeFields draft={draft} change={setDraft} />
        {starting.isError && <Failure error={starting.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={fields === null} loading={starting.isPending}>
            Start lost mode
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
