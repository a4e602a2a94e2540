/** Who will use the device, and where it belongs. */
import { Alert, Button, Paper, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import { createdCode } from '../../../shared/api/codes.ts';
import { deviceDetail } from '../../../shared/api/devices.ts';
import type { groupView } from '../../../shared/api/groups.ts';
import { areaName } from '../../../shared/areas/area-words.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Empty, Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { question } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { PlaceSelect } from '../parts/place-select.tsx';
import type { Enrolling } from './enrol-page.tsx';

type Group = z.output<typeof groupView>;
type Device = z.output<typeof deviceDetail>;
type Made = (enrolling: Enrolling) => void;

const LIFETIMES = [
  { value: '4', label: '4 hours' },
  { value: '48', label: '2 days' },
  { value: '168', label: '1 week' },
  { value: '720', label: '30 days' },
];

export function CodeForm({
  groups,
  device,
  made,
}: {
  readonly groups: readonly Group[];
  /** Enrolled once more, in its next generation. */
  readonly device: string | null;
  readonly made: Made;
}) {
  if (device !== null) return <Again device={device} made={made} />;
  return <Fields groups={groups} again={null} made={made} />;
}

function Again({ device, made }: { readonly device: string; readonly made: Made }) {
  const known = useQuery(question(['devices'], `/devices/${encodeURIComponent(device)}`, deviceDetail));
  return <Answer query={known}>{(data) => <Fields groups={[data.group]} again={data} made={made} />}</Answer>;
}

function Fields({
  groups,
  again,
  made,
}: {
  readonly groups: readonly (Pick<Group, 'id' | 'name'> & Partial<Group>)[];
  readonly again: Device | null;
  readonly made: Made;
}) {
  const may = useMay();
  const form = useForm<{ user: string; group: string | null; home: string | null; seat: string | null; hours: string }>(
    {
      initialValues: {
        user: again?.user ?? '',
        group: again?.group.id ?? (groups.length === 1 ? (groups[0]?.id ?? null) : null),
        home: null,
        seat: null,
        hours: '48',
      },
      validate: {
        user: (value) => (value.trim() ? null : 'Say who will use it; the device is listed by this name.'),
        group: (value) => (value ? null : 'Choose a group.'),
      },
    },
  );
  const create = useMutation({
    mutationFn: ({ user, group, home, seat, hours }: typeof form.values) =>
      call('POST', '/codes', createdCode, {
        user: user.trim(),
        group,
        home,
        seat,
        device: again?.id ?? null,
        expiresInHours: Number(hours),
      }),
    onSuccess: (code, { user }) => made({ code, user: user.trim(), after: again?.generation ?? 0 }),
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
  const chosen = groups.find(({ id }) => id === form.values.group);
  // A second enrolment is no way round the right to change a device.
  const changes = again === null || may('devices.update');
  return (
    <Paper withBorder p="lg" maw={760}>
      <form
        noValidate
        onSubmit={form.onSubmit(
          (values) => create.mutate(values),
          (errors) => form.getInputNode(Object.keys(errors)[0] ?? 'user')?.focus(),
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
          <TextInput
            label="Who will use it"
            description="The person's name, in their own script."
            dir="auto"
            autoComplete="off"
            disabled={!changes}
            required
            {...form.getInputProps('user')}
          />
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Select
              label="Group"
              data={groups.map(({ id, name }) => ({ value: id, label: name }))}
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
    </Paper>
  );
}

function emptyMeans(now: string | null = null, ofGroup: string | null = null): string | null {
  if (now !== null) return `Empty: ${areaName(now)}, as it is now.`;
  return ofGroup === null ? null : `Empty: ${areaName(ofGroup)}, as its group says.`;
}
