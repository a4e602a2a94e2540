/** The person who will use the device, and the group and home of the device. */
import { Alert, Button, Paper, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { createdCode } from '../../../shared/api/codes.ts';
import { deviceDetail } from '../../../shared/api/devices.ts';
import type { groupView } from '../../../shared/api/groups.ts';
import { type PersonView, personView } from '../../../shared/api/people.ts';
import { areaName } from '../../../shared/areas/area-words.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Empty, Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { question } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { PersonSelect } from '../parts/person-select.tsx';
import { PlaceSelect } from '../parts/place-select.tsx';
import { PersonDialog } from '../people/person-dialog.tsx';
import type { Enrolling } from './enrol-page.tsx';

type Group = z.output<typeof groupView>;
type Device = z.output<typeof deviceDetail>;
type Made = (enrolling: Enrolling) => void;

interface Values {
  readonly person: PersonView | null;
  readonly group: string | null;
  readonly home: string | null;
  readonly seat: string | null;
  readonly hours: string;
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
  /** Enrolled again, in the next generation. */
  readonly device: string | null;
  /** The person who is chosen at first. */
  readonly person: string | null;
  readonly made: Made;
}) {
  if (device !== null) return <Again device={device} made={made} />;
  if (person !== null) return <For person={person} groups={groups} made={made} />;
  return <Fields groups={groups} again={null} first={null} made={made} />;
}

function For({ person, ...rest }: { readonly person: string; readonly groups: readonly Group[]; readonly made: Made }) {
  const known = useQuery(personQuery(person));
  return <Answer query={known}>{(data) => <Fields again={null} first={data} {...rest} />}</Answer>;
}

function Again({ device, made }: { readonly device: string; readonly made: Made }) {
  const known = useQuery(question(['devices'], `/devices/${encodeURIComponent(device)}`, deviceDetail));
  const person = useQuery({ ...personQuery(known.data?.person ?? ''), enabled: known.data !== undefined });
  return (
    <Answer query={known}>
      {(data) => (
        <Answer query={person}>
          {(first) => <Fields groups={[data.group]} again={data} first={first} made={made} />}
        </Answer>
      )}
    </Answer>
  );
}

function Fields({
  groups,
  again,
  first,
  made,
}: {
  readonly groups: readonly (Pick<Group, 'id' | 'name'> & Partial<Group>)[];
  readonly again: Device | null;
  /** The person who is chosen at first. */
  readonly first: PersonView | null;
  readonly made: Made;
}) {
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const form = useForm<Values>({
    initialValues: {
      person: first,
      group: again?.group.id ?? onlyGroupOf(first),
      home: null,
      seat: null,
      hours: '48',
    },
    validate: {
      person: (value) => (value ? null : 'Choose the person who will use the device, or add a person.'),
      group: (value) => (value ? null : 'Choose a group.'),
    },
  });
  const create = useMutation({
    mutationFn: ({ person, group, home, seat, hours }: typeof form.values) =>
      call('POST', '/codes', createdCode, {
        person: person?.id,
        group,
        home,
        seat,
        device: again?.id ?? null,
        expiresInHours: Number(hours),
      }),
    onSuccess: (code, { person }) => made({ code, user: person?.name ?? '', after: again?.generation ?? 0 }),
  });
  if (groups.length === 0) {
    return (
      <Empty
        title="No group yet"
        {...(may('groups.create') && {
          action: (
            <ButtonLink to="/people" search={{ tab: 'groups' }}>
              Add a group
            </ButtonLink>
          ),
        })}
      >
        Every device belongs to a group, such as an office. A group can say where its devices are at home.
      </Empty>
    );
  }
  const choose = (person: PersonView | null) => {
    form.setFieldValue('person', person);
    if (again === null) form.setFieldValue('group', onlyGroupOf(person));
  };
  const person = form.values.person;
  const offered =
    again === null && person ? groups.filter(({ id }) => person.groups.some((one) => one.id === id)) : groups;
  const chosen = groups.find(({ id }) => id === form.values.group);
  // A second enrolment is no way round the right to change a device.
  const changes = again === null || may('devices.update');
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
          {again && (
            <Alert color="blue" title="The same device, once more">
              <Given>{again.user}</Given>'s device keeps its identity and its group, and gets a new certificate. What
              was meant for its earlier enrolment no longer reaches it.
            </Alert>
          )}
          {create.isError && <Failure error={create.error} />}
          <PersonSelect
            label="Person"
            description="The user of the device. A new device of a person joins the person's conversations."
            chosen={person}
            choose={choose}
            disabled={!changes}
            required
            data-path="person"
            error={form.errors['person']}
          />
          {may('people.create') && again === null && (
            <div>
              <Button variant="default" size="xs" onClick={() => setAdding(true)}>
                Add a person
              </Button>
            </div>
          )}
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Select
              label="Group"
              data={offered.map(({ id, name }) => ({ value: id, label: name }))}
              searchable
              allowDeselect={false}
              disabled={again !== null}
              required
              {...form.getInputProps('group')}
            />
            <Select
              label="The link works for"
              data={LIFETIMES}
              allowDeselect={false}
              {...form.getInputProps('hours')}
            />
            {changes && (
              <>
                <PlaceSelect
                  label="Home"
                  description={
                    emptyMeans(again?.home, chosen?.home) ?? 'Where the device belongs, wherever it travels.'
                  }
                  {...form.getInputProps('home')}
                />
                <PlaceSelect
                  label="Seat of its company"
                  description={
                    emptyMeans(again?.seat, chosen?.seat) ??
                    'Where the company that owns it is registered, if orders go by that.'
                  }
                  {...form.getInputProps('seat')}
                />
              </>
            )}
          </SimpleGrid>
          <Text size="sm" c="dimmed">
            The device makes its own key. This server never has it.
          </Text>
          <div>
            <Button type="submit" loading={create.isPending}>
              Make an activation link
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

const personQuery = (id: string) => question(['devices'], `/people/${encodeURIComponent(id)}`, personView);

/** The group, when there is no choice. */
const onlyGroupOf = (person: PersonView | null): string | null =>
  person?.groups.length === 1 ? (person.groups[0]?.id ?? null) : null;

function emptyMeans(now: string | null = null, ofGroup: string | null = null): string | null {
  if (now !== null) return `Empty: ${areaName(now)}, as it is now.`;
  return ofGroup === null ? null : `Empty: ${areaName(ofGroup)}, as its group says.`;
}
