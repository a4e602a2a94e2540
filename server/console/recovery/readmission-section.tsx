/** Devices whose certificate is missing in the restored backup. An admin readmits or rejects each device. */
import { Alert, Badge, Button, Checkbox, Group, Paper, Progress, Select, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import type { PersonView } from '../../../shared/api/people.ts';
import { type RecoveryView, readmissionResults } from '../../../shared/api/recovery.ts';
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
type Chosen =
  | { readonly decision: 'readmit'; readonly devices: readonly Lost[] }
  | { readonly decision: 'reject'; readonly device: Lost }
  | null;
type Results = z.output<typeof readmissionResults>['results'];

export function ReadmissionSection({ devices }: { readonly devices: readonly Lost[] }) {
  const may = useMay();
  // The dialogs are outside the list, because a device leaves the list after the admin's decision while its dialog is still open.
  const [chosen, setChosen] = useState<Chosen>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [results, setResults] = useState<Results>([]);
  const close = () => setChosen(null);
  const possible = may('recovery.readmit') ? devices.filter(({ obstacle }) => obstacle === null) : [];
  const ready = possible.filter(({ serial }) => selected.has(serial));
  const select = (serial: string, is: boolean) =>
    setSelected((before) => new Set(is ? [...before, serial] : [...before].filter((each) => each !== serial)));
  return (
    <>
      <ReadmissionResults results={results} />
      {devices.length === 0 ? (
        <Empty title="No pending devices">
          The server refuses a device that enrolled after the backup. The device appears here within a minute of its
          next attempt to connect. Keep the recovery open until all devices have connected.
        </Empty>
      ) : (
        <Stack gap="xs">
          {possible.length > 1 && (
            <Group justify="space-between" gap="sm">
              <Checkbox
                label={`Select all ${possible.length} devices`}
                checked={ready.length === possible.length}
                indeterminate={ready.length > 0 && ready.length < possible.length}
                onChange={({ currentTarget: { checked } }) =>
                  setSelected(new Set(checked ? possible.map(({ serial }) => serial) : []))
                }
              />
              <Button
                size="xs"
                disabled={ready.length === 0}
                onClick={() => setChosen({ decision: 'readmit', devices: ready })}
              >
                Readmit selected devices…
              </Button>
            </Group>
          )}
          <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
            {devices.map((device) => (
              <Paper key={device.serial} component="li" withBorder p="md">
                <Group justify="space-between" align="flex-start" gap="sm">
                  {possible.length > 1 && device.obstacle === null && (
                    <Checkbox
                      aria-label={`Select device ${device.device}`}
                      checked={selected.has(device.serial)}
                      onChange={({ currentTarget: { checked } }) => select(device.serial, checked)}
                    />
                  )}
                  <Evidence device={device} />
                  <Group gap="xs">
                    {device.obstacle === null && may('recovery.readmit') && (
                      <Button size="xs" onClick={() => setChosen({ decision: 'readmit', devices: [device] })}>
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
        </Stack>
      )}
      {chosen?.decision === 'readmit' && <Readmit devices={chosen.devices} close={close} show={setResults} />}
      {chosen?.decision === 'reject' && <Reject device={chosen.device} close={close} />}
    </>
  );
}

function ReadmissionResults({ results }: { readonly results: Results }) {
  const failed = results.filter(({ error }) => error !== null);
  if (results.length === 0) return null;
  return (
    <Alert
      color={failed.length > 0 ? 'yellow' : 'green'}
      title={`${results.length - failed.length} of ${results.length} devices readmitted`}
      mb="md"
    >
      {failed.length === 0
        ? 'Each device connects at its next attempt.'
        : failed.map(({ serial, error }) => (
            <Text key={serial} size="sm">
              <span className={classes.mono}>{serial}</span>: {error?.detail}
            </Text>
          ))}
    </Alert>
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

/** Number of devices in one request, so that the progress moves and a request stays short. */
const AT_ONCE = 20;

function Readmit({
  devices,
  close,
  show,
}: {
  readonly devices: readonly Lost[];
  readonly close: () => void;
  readonly show: (results: Results) => void;
}) {
  const client = useQueryClient();
  const [people, setPeople] = useState<ReadonlyMap<string, PersonView>>(new Map());
  const [group, setGroup] = useState<string | null>(null);
  const [finished, setFinished] = useState(0);
  const groups = useQuery(groupsQuery);
  const withoutUser = devices.filter(({ user }) => user === null);
  const needsGroup = devices.some((device) => device.group === null);
  const many = devices.length > 1;
  const submit = async () => {
    const results: Results = [];
    try {
      for (let from = 0; from < devices.length; from += AT_ONCE) {
        const body = devices.slice(from, from + AT_ONCE).map((device) => {
          const person = people.get(device.serial);
          return {
            serial: device.serial,
            ...(device.user === null && person && { person: person.id }),
            ...(device.group === null && group !== null && { group }),
          };
        });
        const reply = await call('POST', '/recovery/readmissions', readmissionResults, { devices: body });
        results.push(...reply.results);
        setFinished(results.length);
      }
    } finally {
      show(results);
      await client.invalidateQueries();
    }
  };
  return (
    <Confirm
      title={many ? `Readmit ${devices.length} devices` : 'Readmit device'}
      opened
      close={close}
      verb={many ? `Readmit ${devices.length} devices` : 'Readmit device'}
      grave
      ready={withoutUser.every(({ serial }) => people.has(serial)) && (!needsGroup || group !== null)}
      act={submit}
    >
      <Text size="sm">
        {many
          ? 'The server trusts the certificates of these devices again, and the devices can connect. Do this only if no device was revoked after the backup.'
          : `The server trusts the certificate ${devices[0]?.serial} again, and the device can connect. Do this only if the device was not revoked after the backup.`}
      </Text>
      {withoutUser.map(({ serial, device }) => (
        <PersonSelect
          key={serial}
          label={many ? `Person of device ${device}` : 'Person'}
          description="The backup does not contain the user of this device."
          required
          chosen={people.get(serial) ?? null}
          choose={(person) =>
            setPeople((before) => {
              const after = new Map(before);
              if (person === null) after.delete(serial);
              else after.set(serial, person);
              return after;
            })
          }
        />
      ))}
      {needsGroup && (
        <Select
          label="Group"
          description={
            many
              ? 'For the devices whose group the backup does not contain. Each person must be a member of this group.'
              : 'The person must be a member of this group.'
          }
          required
          data={staticGroups(groups.data?.groups ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          value={group}
          onChange={setGroup}
          clearButtonProps={{ 'aria-label': 'Clear selection' }}
        />
      )}
      {many && finished > 0 && (
        <Progress.Root size="lg">
          <Progress.Section value={(100 * finished) / devices.length} aria-label="Devices processed" />
        </Progress.Root>
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
