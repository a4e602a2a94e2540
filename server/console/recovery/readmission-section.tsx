/** Devices whose certificate is missing in the restored backup. An admin readmits or rejects each device. */
import { Badge, Button, Group, Paper, Select, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { PersonView } from '../../../shared/api/people.ts';
import type { RecoveryView } from '../../../shared/api/recovery.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { Facts } from '../parts/facts.tsx';
import { staticGroups } from '../parts/group-choices.ts';
import { PersonSelect } from '../parts/person-select.tsx';
import { Moment } from '../parts/words.tsx';
import classes from './recovery.module.css';

type Lost = RecoveryView['devices'][number];
type Chosen = { readonly decision: 'readmit' | 'reject'; readonly device: Lost } | null;

export function ReadmissionSection({ devices }: { readonly devices: readonly Lost[] }) {
  const may = useMay();
  // The dialogs are outside the list, because a device leaves the list after the admin's decision while its dialog is still open.
  const [chosen, setChosen] = useState<Chosen>(null);
  const close = () => setChosen(null);
  return (
    <>
      {devices.length === 0 ? (
        <Empty title="No pending devices">
          The server refuses a device that enrolled after the backup. The device appears here within a minute of its
          next attempt to connect. Keep the recovery open until all devices have connected.
        </Empty>
      ) : (
        <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
          {devices.map((device) => (
            <Paper key={device.serial} component="li" withBorder p="md">
              <Group justify="space-between" align="flex-start" gap="sm">
                <Evidence device={device} />
                <Group gap="xs">
                  {device.obstacle === null && may('recovery.readmit') && (
                    <Button size="xs" onClick={() => setChosen({ decision: 'readmit', device })}>
                      Readmit device…
                    </Button>
                  )}
                  {device.obstacle !== 'revoked' && may('recovery.reject') && (
                    <Button
                      size="xs"
                      color="red"
                      variant="light"
                      onClick={() => setChosen({ decision: 'reject', device })}
                    >
                      Reject device…
                    </Button>
                  )}
                </Group>
              </Group>
            </Paper>
          ))}
        </Stack>
      )}
      {chosen?.decision === 'readmit' && <Readmit device={chosen.device} close={close} />}
      {chosen?.decision === 'reject' && <Reject device={chosen.device} close={close} />}
    </>
  );
}

const OBSTACLE_WORDS: Readonly<
  Record<NonNullable<Lost['obstacle']>, { readonly title: string; readonly meaning: string }>
> = {
  revoked: {
    title: 'Revoked after the backup',
    meaning:
      'The saved ledger or revocation list revokes this certificate. The device cannot be readmitted. To return, it needs a new activation code.',
  },
  superseded: {
    title: 'Newer enrollment in the backup',
    meaning:
      'The backup has a newer enrollment of this device, so this certificate is an old one. A copy of the agent may run on another machine.',
  },
  older: {
    title: 'Issued before the backup',
    meaning:
      'The certificate was issued before the backup, but the backup does not have it. An admin may have deleted the device. To return, it needs a new activation code.',
  },
  expired: {
    title: 'Certificate expired',
    meaning:
      'The certificate expired before an admin readmitted the device. To return, it needs a new activation code.',
  },
};

function Evidence({
  device: { serial, device, generation, notBefore, notAfter, seenAt, published, user, group, obstacle },
}: {
  readonly device: Lost;
}) {
  return (
    <Stack gap="xs" style={{ minWidth: 0, flex: '1 1 20rem' }}>
      <Group gap="xs">
        <Text fw={600}>{user === null ? 'User unknown' : <UserText>{user}</UserText>}</Text>
        {obstacle === null ? (
          <Badge color={published ? 'green' : 'yellow'} variant="light">
            {published ? 'Certificate in the saved ledger, not revoked' : 'Only the device has the certificate'}
          </Badge>
        ) : (
          <Badge color="red" variant="light">
            {OBSTACLE_WORDS[obstacle].title}
          </Badge>
        )}
      </Group>
      {obstacle !== null && <Text size="sm">{OBSTACLE_WORDS[obstacle].meaning}</Text>}
      <Facts
        facts={[
          { label: 'Serial number of the certificate', value: <span className={classes.mono}>{serial}</span> },
          {
            label: 'Device ID',
            value: (
              <span className={classes.mono} data-id-field>
                {device}
              </span>
            ),
          },
          { label: 'Enrollment', value: String(generation) },
          {
            label: 'Validity of the certificate',
            value: (
              <>
                <Moment at={notBefore} /> to <Moment at={notAfter} />
              </>
            ),
          },
          { label: 'Group', value: group === null ? 'Unknown' : <UserText>{group}</UserText> },
          { label: 'Last refused', value: <Moment at={seenAt} /> },
          {
            label: 'Source of the certificate',
            value: published
              ? 'The saved copy of the ledger contains the certificate and no revocation.'
              : 'This installation signed the certificate, but only the device has a copy. The server does not know whether the certificate was revoked after the backup.',
          },
        ]}
      />
    </Stack>
  );
}

function Readmit({ device, close }: { readonly device: Lost; readonly close: () => void }) {
  const client = useQueryClient();
  const [person, setPerson] = useState<PersonView | null>(null);
  const [group, setGroup] = useState<string | null>(null);
  const groups = useQuery(groupsQuery);
  const needsPerson = device.user === null;
  const needsGroup = device.group === null;
  const submit = async () => {
    await call('POST', `/recovery/devices/${device.serial}/readmit`, done, {
      ...(person && { person: person.id }),
      ...(group !== null && { group }),
    });
    await client.invalidateQueries();
  };
  return (
    <Confirm
      title="Readmit device"
      opened
      close={close}
      verb="Readmit device"
      grave
      ready={(!needsPerson || person !== null) && (!needsGroup || group !== null)}
      act={submit}
    >
      <Text size="sm">
        The server trusts the certificate {device.serial} again, and the device can connect. Do this only if the device
        was not revoked after the backup.
      </Text>
      {needsPerson && (
        <PersonSelect
          label="Person"
          description="The backup does not contain the user of this device."
          required
          chosen={person}
          choose={setPerson}
        />
      )}
      {needsGroup && (
        <Select
          label="Group"
          description="The person must be a member of this group."
          required
          data={staticGroups(groups.data?.groups ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          value={group}
          onChange={setGroup}
          clearButtonProps={{ 'aria-label': 'Clear selection' }}
        />
      )}
    </Confirm>
  );
}

function Reject({ device, close }: { readonly device: Lost; readonly close: () => void }) {
  const client = useQueryClient();
  const submit = async () => {
    await call('POST', `/recovery/devices/${device.serial}/reject`, done, {});
    await client.invalidateQueries();
  };
  return (
    <Confirm title="Reject device" opened close={close} verb="Reject device" grave act={submit}>
      <Text size="sm">
        The server revokes the certificate {device.serial} for good. The device needs a new activation code to return.
        You cannot undo this.
      </Text>
    </Confirm>
  );
}
