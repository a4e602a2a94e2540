import { Button, Group, Modal, MultiSelect, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { LARGEST_GEOJSON, type NamedAreaList, type NamedAreaView, namedAreaView } from '../../../shared/api/areas.ts';
import { done } from '../../../shared/api/wire.ts';
import { areaName, listed } from '../../../shared/areas/area-words.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call, upload, withQuery } from '../client/call.ts';
import { areasQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { UploadButton } from '../parts/upload-button.tsx';
import { Moment } from '../parts/words.tsx';
import {
  asTyped,
  COUNTRY_CHOICES,
  GROUP_CHOICES,
  subdivisionChoices,
  withChosen,
  within,
} from '../words/area-choices.ts';
import { AreasMap } from './areas-map.tsx';

export function OwnAreas() {
  const areas = useQuery(areasQuery);
  const may = useMay();
  const client = useQueryClient();
  const [making, setMaking] = useState<'group' | 'polygon' | null>(null);
  const [removing, setRemoving] = useState<string | null>(null);
  const limit = areas.data?.limit ?? null;
  const changed = () => client.invalidateQueries({ queryKey: areasQuery.queryKey });
  const saved = async () => {
    await changed();
    setMaking(null);
  };
  return (
    <Stack gap="sm">
      <Text c="dimmed" maw={760}>
        Orders can name these areas in addition to countries. A proposal copies the current version of an area, so later
        versions do not change existing orders.
      </Text>
      <QueryResult query={areas}>
        {({ areas: all, people }) => (
          <Stack gap="xs">
            {all.length === 0 && (
              <Text>
                Your organization has not defined any areas. Create a group of countries, or import a polygon.
              </Text>
            )}
            {all.some(({ polygon }) => polygon !== null) && <AreasMap areas={all} />}
            {all.map((area) => (
              <One
                key={area.code}
                area={area}
                people={people}
                {...(may('areas.remove') && area.changeable && { remove: () => setRemoving(area.code) })}
              />
            ))}
          </Stack>
        )}
      </QueryResult>
      {may('areas.define') && limit !== null && (
        <Text c="dimmed" maw={760}>
          Your role is limited to {listed(limit.map(areaName))}. You can create, change and remove areas inside this
          limit.
        </Text>
      )}
      {may('areas.define') && (
        <Group>
          <Button variant="default" onClick={() => setMaking('group')}>
            Create group
          </Button>
          <Button variant="default" onClick={() => setMaking('polygon')}>
            Import polygon
          </Button>
        </Group>
      )}
      <Modal
        opened={making !== null}
        onClose={() => setMaking(null)}
        title={making === 'group' ? 'Create group of countries' : 'Import polygon'}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {making === 'group' && <GroupForm limit={limit} saved={saved} />}
        {making === 'polygon' && <PolygonForm saved={saved} />}
      </Modal>
      <Confirm
        title={`Remove area ${removing ?? ''}`}
        opened={removing !== null}
        close={() => setRemoving(null)}
        verb="Remove area"
        grave
        act={async () => {
          await call('DELETE', `/areas/${encodeURIComponent(removing ?? '')}`, done);
          await changed();
        }}
      >
        <Text>
          The server removes all versions of the area. The server refuses the removal if an order has ever named the
          area.
        </Text>
      </Confirm>
    </Stack>
  );
}

function One({
  area: { code, version, title, madeAt, madeBy, members, polygon, earlier },
  people,
  remove,
}: {
  readonly area: NamedAreaList['areas'][number];
  readonly people: NamedAreaList['people'];
  /** Callback that deletes the area; absent if the server would refuse the deletion. */
  readonly remove?: () => void;
}) {
  const maker = (by: string) => <UserText>{people[by] ?? by}</UserText>;
  const points = polygon?.rings.reduce((sum, ring) => sum + ring.length / 2, 0) ?? 0;
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" align="flex-start" gap="xs">
        <Text fw={600}>
          <UserText>{title}</UserText>
        </Text>
        {remove && (
          <Button
            size="xs"
            variant="default"
            aria-haspopup="dialog"
            aria-label={`Remove area ${code}`}
            onClick={remove}
          >
            Remove area
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed">
        {code}, version {version}, created by {maker(madeBy)} <Moment at={madeAt} />
      </Text>
      <Text size="sm">
        {members && listed(members.map(areaName))}
        {polygon && `${points} points, in ${listed(polygon.touches.map(areaName))}`}
      </Text>
      {earlier.map((one) => (
        <Text key={one.version} size="xs" c="dimmed">
          Version {one.version}, “<UserText>{one.title}</UserText>”, created by {maker(one.madeBy)}{' '}
          <Moment at={one.madeAt} />
        </Text>
      ))}
    </Paper>
  );
}

interface Named {
  readonly name: string;
  readonly title: string;
}

function NameFields({
  prefix,
  value,
  change,
}: {
  readonly prefix: string;
  readonly value: Named;
  readonly change: (value: Named) => void;
}) {
  return (
    <>
      <TextInput
        label="Title"
        description="Title that people see"
        dir="auto"
        required
        maxLength={120}
        data-autofocus
        value={value.title}
        onChange={(event) => change({ ...value, title: event.currentTarget.value })}
      />
      <TextInput
        label="Name in orders"
        description={`Lowercase letters, digits and hyphens. Orders use ${prefix}${value.name || 'name'}. An existing name gets a new version.`}
        required
        maxLength={28}
        pattern="[a-z0-9]+(-[a-z0-9]+)*"
        value={value.name}
        onChange={(event) => change({ ...value, name: event.currentTarget.value })}
      />
    </>
  );
}

const EMPTY: Named = { name: '', title: '' };

function GroupForm({ limit, saved }: { readonly limit: NamedAreaList['limit']; readonly saved: () => Promise<void> }) {
  const [named, setNamed] = useState(EMPTY);
  const [members, setMembers] = useState<string[]>([]);
  const [typed, setTyped] = useState('');
  const save = useMutation({
    mutationFn: () => call('POST', '/areas/groups', namedAreaView, { ...named, title: named.title.trim(), members }),
    onSuccess: saved,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack>
        {save.isError && <Failure error={save.error} />}
        <NameFields prefix="XG-" value={named} change={setNamed} />
        <MultiSelect
          label="Members"
          description="Countries, subdivisions or standard groups of countries. To find a subdivision, type its name, or a country code with a hyphen, for example PK-"
          data={withChosen(
            within(limit, [...GROUP_CHOICES, ...COUNTRY_CHOICES, ...subdivisionChoices(typed)]),
            members,
          )}
          value={members}
          onChange={setMembers}
          onSearchChange={setTyped}
          searchable
          filter={asTyped}
          hidePickedOptions
          limit={60}
          withAsterisk
        />
        <Button type="submit" loading={save.isPending} disabled={members.length === 0}>
          Create group
        </Button>
      </Stack>
    </form>
  );
}

function PolygonForm({ saved }: { readonly saved: () => Promise<void> }) {
  const [named, setNamed] = useState(EMPTY);
  const [file, setFile] = useState<File | null>(null);
  const save = useMutation({
    mutationFn: () => importFile({ ...named, title: named.title.trim() }, file),
    onSuccess: saved,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack>
        {save.isError && <Failure error={save.error} />}
        <NameFields prefix="XZ-" value={named} change={setNamed} />
        <Group gap="sm">
          <UploadButton label="GeoJSON file" accept=".geojson,.json,application/geo+json" choose={setFile}>
            Choose file
          </UploadButton>
          <Text size="sm">
            {file ? <UserText>{file.name}</UserText> : 'GeoJSON file with coordinates in degrees (WGS 84)'}
          </Text>
        </Group>
        <Button type="submit" loading={save.isPending} disabled={file === null}>
          Import polygon
        </Button>
      </Stack>
    </form>
  );
}

async function importFile({ name, title }: Named, file: File | null): Promise<NamedAreaView> {
  if (!file || file.size > LARGEST_GEOJSON) {
    throw new ApiError(
      'too_large',
      'The file is missing or larger than 2 MB, the limit for a polygon. Choose a smaller file.',
      0,
    );
  }
  return upload(withQuery('/areas/polygons', { name, title }), namedAreaView, file);
}
