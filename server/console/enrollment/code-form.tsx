import { Alert, Button, Checkbox, Paper, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { createdCode } from '../../../shared/api/codes.ts';
import { deviceDetail } from '../../../shared/api/devices.ts';
import type { groupView } from '../../../shared/api/groups.ts';
import { type PersonView, personView } from '../../../shared/api/people.ts';
import { areaName } from '../../../shared/areas/area-words.ts';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { AreaSelect } from '../parts/area-select.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { PersonSelect } from '../parts/person-select.tsx';
import { PersonDialog } from '../people/person-dialog.tsx';
import type { CreatedLink } from './created-link.ts';

type Group = z.output<typeof groupView>;
type Device = z.output<typeof deviceDetail>;
type Made = (enrolling: CreatedLink) => void;

interface Values {
  readonly person: PersonView | null;
  readonly group: string | null;
  readonly home: string | null;
  readonly seat: string | null;
  readonly hours: string;
  readonly mailConnector: boolean;
}

const LIFETIMES = [
  { value: '4', label: '4 hours' },
  { value: '48', label: '2 days' },
  { value: '168', label: '1 week' },
  { value: '720', label: '30 days' },
];

export function CodeForm({
  groups,
  device,
  person,
  made,
}: {
  readonly groups: readonly Group[];
  readonly device: string | null;
  readonly person: string | null;
  readonly made: Made;
}) {
  if (device !== null) return <ForDevice device={device} made={made} />;
  if (person !== null) return <For person={person} groups={groups} made={made} />;
  return <Fields groups={groups} device={null} first={null} made={made} />;
}

function For({ person, ...rest }: { readonly person: string; readonly groups: readonly Group[]; readonly made: Made }) {
  const known = useQuery(personQuery(person));
  return <QueryResult query={known}>{(data) => <Fields device={null} first={data} {...rest} />}</QueryResult>;
}

function ForDevice({ device, made }: { readonly device: string; readonly made: Made }) {
  const known = useQuery(topicQuery(['devices'], `/devices/${encodeURIComponent(device)}`, deviceDetail));
  const person = useQuery({ ...personQuery(known.data?.person ?? ''), enabled: known.data !== undefined });
  return (
    <QueryResult query={known}>
      {(data) => (
        <QueryResult query={person}>
          {(first) => <Fields groups={[data.group]} device={data} first={first} made={made} />}
        </QueryResult>
      )}
    </QueryResult>
  );
}

function NoGroups() {
  const may = useMay();
  return (
    <Empty
      title="No groups"
      {...(may('groups.create') && {
        action: (
          <ButtonLink to="/people" search={{ tab: 'groups' }}>
            Add group
          </ButtonLink>
        ),
      })}
    >
      Every device belongs to a group, such as an office. Add a group first.
    </Empty>
  );
}

function useCodeForm(device: Device | null, first: PersonView | null, made: Made) {
  const form = useForm<Values>({
    initialValues: {
      person: first,
      group: device?.group.id ?? onlyGroupOf(first),
      home: null,
      seat: null,
      hours: '48',
      mailConnector: false,
    },
    validate: {
      person: (value) => (value ? null : 'The person is missing. Select the user of the device, or add a person.'),
      group: (value) => (value ? null : 'The group is missing. Select a group.'),
    },
  });
  const create = useMutation({
    mutationFn: ({ person, group, home, seat, hours, mailConnector }: typeof form.values) =>
      call('POST', '/codes', createdCode, {
        person: person?.id,
        group,
        home,
        seat,
        device: device?.id ?? null,
        expiresInHours: Number(hours),
        mailConnector,
      }),
    onSuccess: (code, { person }) => made({ code, user: person?.name ?? '', after: device?.generation ?? 0 }),
  });
  return { form, create };
}

function Fields({
  groups,
  device,
  first,
  made,
}: {
  readonly groups: readonly (Pick<Group, 'id' | 'name'> & Partial<Group>)[];
  readonly device: Device | null;
  readonly first: PersonView | null;
  readonly made: Made;
}) {
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const { form, create } = useCodeForm(device, first, made);
  if (groups.length === 0) return <NoGroups />;
  const choose = (person: PersonView | null) => {
    form.setFieldValue('person', person);
    if (device === null) form.setFieldValue('group', onlyGroupOf(person));
  };
  const person = form.values.person;
  const offered =
    device === null && person ? groups.filter(({ id }) => person.groups.some((one) => one.id === id)) : groups;
  const chosen = groups.find(({ id }) => id === form.values.group);
  // If a device enrolls again, only an admin with the right to change devices may set its home area and legal seat.
  const changes = device === null || may('devices.update');
  return (
    <Paper withBorder p="lg" maw={760}>
      <form
        noValidate
        onSubmit={form.onSubmit(
          (values) => create.mutate(values),
          (errors) => form.getInputNode(Object.keys(errors)[0] ?? 'person')?.focus(),
        )}
      >
        <Stack>
          {device && (
            <Alert color="blue" title="Re-enrollment of a device">
              The device of <UserText>{device.user}</UserText> keeps its identity and group, and receives a new
              certificate. Commands and messages for the earlier enrollment no longer reach it.
            </Alert>
          )}
          {create.isError && <Failure error={create.error} />}
          <PersonSelect
            label="Person"
            description="Select the user of the device. The new device joins the conversations of that person."
            chosen={person}
            choose={choose}
            disabled={!changes}
            required
            data-path="person"
            error={form.errors['person']}
          />
          {may('people.create') && device === null && (
            <div>
              <Button variant="default" size="xs" onClick={() => setAdding(true)}>
                Add person
              </Button>
            </div>
          )}
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Select
              label="Group"
              data={offered.map(({ id, name }) => ({ value: id, label: name }))}
              searchable
              allowDeselect={false}
              disabled={device !== null}
              required
              {...form.getInputProps('group')}
            />
            <Select label="Link valid for" data={LIFETIMES} allowDeselect={false} {...form.getInputProps('hours')} />
            {changes && <AreaFields device={device} group={chosen} input={form.getInputProps} />}
          </SimpleGrid>
          {may('codes.create-mail-connector') && (
            <Checkbox
              label="Mail connector"
              description="The device passes mail between the company’s mail server and Cordon. It reads all mail of the company."
              {...form.getInputProps('mailConnector', { type: 'checkbox' })}
            />
          )}
          <Text size="sm" c="dimmed">
            The device creates its own private key. The server never receives the private key.
          </Text>
          <div>
            <Button type="submit" loading={create.isPending}>
              Create activation link
            </Button>
          </div>
        </Stack>
      </form>
      <PersonDialog
        person={null}
        opened={adding}
        close={() => setAdding(false)}
        saved={(added) => {
          setAdding(false);
          choose(added);
        }}
      />
    </Paper>
  );
}

function AreaFields({
  device,
  group,
  input,
}: {
  readonly device: Device | null;
  readonly group: Partial<Group> | undefined;
  readonly input: UseFormReturnType<Values>['getInputProps'];
}) {
  return (
    <>
      <AreaSelect
        label="Home area"
        description={
          emptyMeans(device?.home, group?.home) ??
          'Area where the user lives and works. The home area stays the same while the device travels.'
        }
        {...input('home')}
      />
      <AreaSelect
        label="Legal seat"
        description={
          emptyMeans(device?.seat, group?.seat) ??
          'Area where the organization that owns the device is registered. Select it only if orders depend on it.'
        }
        {...input('seat')}
      />
    </>
  );
}

const personQuery = (id: string) => topicQuery(['devices'], `/people/${encodeURIComponent(id)}`, personView);

const onlyGroupOf = (person: PersonView | null): string | null =>
  person?.groups.length === 1 ? (person.groups[0]?.id ?? null) : null;

function emptyMeans(now: string | null = null, ofGroup: string | null = null): string | null {
  if (now !== null) return `Leave empty to keep ${areaName(now)}.`;
  return ofGroup === null ? null : `Leave empty to use ${areaName(ofGroup)} from the group.`;
}
