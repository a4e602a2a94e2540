import { Button, Group, NativeSelect, Stack, Table, Text, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { SoftwareDetail } from '../../../shared/api/software.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { devicesText } from '../actions/action-words.ts';
import { withQuery } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { useCursorPages } from '../parts/cursor-pages.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { FoundDevices } from './found-devices.tsx';
import { everyTitleDevice, titleDevicesQuery, titleQuery, type VersionSearch } from './queries.ts';
import { SaveCsv } from './save-csv.tsx';
import { TitleActions } from './title-actions.tsx';
import { UpdateFound } from './update-found.tsx';

const route = getRouteApi('/software/$id');

export function TitlePage() {
  const id = Number(route.useParams().id);
  const query = useQuery(titleQuery(id));
  const code = query.error instanceof ApiError ? query.error.code : null;
  if (code === 'not_found' || code === 'invalid_input') {
    return (
      <Page title="Software">
        <Empty title="Software not found" action={<ButtonLink to="/software">Open software</ButtonLink>}>
          No device in your scope has this software any more. Search for it in the list.
        </Empty>
      </Page>
    );
  }
  return (
    <Page
      title={query.data?.name ?? 'Software'}
      lead={query.data && `From ${query.data.source}, on ${devicesText(query.data.devices)}`}
      actions={
        <>
          {query.data && <TitleActions source={query.data.source} name={query.data.name} />}
          <ButtonLink to="/software" variant="default">
            All software
          </ButtonLink>
        </>
      }
    >
      <QueryResult query={query}>
        {(title) => (
          <Stack gap="xl">
            <Versions title={title} />
            <Devices id={id} source={title.source} name={title.name} />
          </Stack>
        )}
      </QueryResult>
    </Page>
  );
}

function Versions({ title: { versions } }: { readonly title: SoftwareDetail }) {
  return (
    <Section title="Versions">
      <Table.ScrollContainer minWidth={320} mah={360} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label="Versions, newest first">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Version</Table.Th>
              <Table.Th ta="end">Devices</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {versions.map(({ version, devices }) => (
              <Table.Tr key={version}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  <PageLink to="." search={{ version }} resetScroll={false}>
                    <UserText>{version === '' ? 'Unknown' : version}</UserText>
                  </PageLink>
                </Table.Td>
                <Table.Td ta="end">{devices.toLocaleString('en')}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Section>
  );
}

const COMPARISONS = [
  { value: 'below', label: 'Below' },
  { value: 'atLeast', label: 'At least' },
  { value: 'above', label: 'Above' },
  { value: 'version', label: 'Exactly' },
] as const;
type Comparison = (typeof COMPARISONS)[number]['value'];

function Devices({ id, source, name }: { readonly id: number } & Pick<SoftwareDetail, 'source' | 'name'>) {
  const may = useMay();
  const search = route.useSearch();
  const csv = may('software.devices-csv') && (
    <SaveCsv path={withQuery(`/software/${id}/devices.csv`, search)} label="Download CSV of the devices" />
  );
  const compared = COMPARISONS.find(({ value }) => search[value] !== undefined);
  const update = (
    <UpdateFound
      label={compared ? `${name}, ${compared.label.toLowerCase()} ${search[compared.value]}` : `Devices with ${name}`}
      sources={[source]}
      packages={[name]}
      load={() => everyTitleDevice(id, search)}
    />
  );
  return (
    <Section
      title="Devices"
      actions={
        <>
          {update}
          {csv}
        </>
      }
    >
      <VersionForm key={JSON.stringify(search)} search={search} />
      <List key={`list ${JSON.stringify(search)}`} id={id} search={search} />
    </Section>
  );
}

function VersionForm({ search }: { readonly search: VersionSearch }) {
  const navigate = route.useNavigate();
  const used = COMPARISONS.find(({ value }) => search[value] !== undefined)?.value ?? 'below';
  const [comparison, setComparison] = useState<Comparison>(used);
  const [version, setVersion] = useState(search[used] ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const text = version.trim();
    void navigate({ search: text === '' ? {} : { [comparison]: text }, resetScroll: false });
  };
  return (
    <form onSubmit={submit}>
      <Group gap="xs" align="flex-end">
        <NativeSelect
          label="Comparison"
          data={[...COMPARISONS]}
          value={comparison}
          onChange={({ currentTarget }) =>
            setComparison(COMPARISONS.find(({ value }) => value === currentTarget.value)?.value ?? 'below')
          }
        />
        <TextInput
          label="Version"
          placeholder="3.0.15"
          maxLength={128}
          value={version}
          onChange={({ currentTarget }) => setVersion(currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Show devices
        </Button>
      </Group>
      <Text size="xs" c="dimmed" mt={4}>
        Versions follow the order of the package manager. An empty version shows all devices.
      </Text>
    </form>
  );
}

function List({ id, search }: { readonly id: number; readonly search: VersionSearch }) {
  const pages = useCursorPages<number>();
  const query = useQuery({ ...titleDevicesQuery(id, search, pages.cursor), placeholderData: keepPreviousData });
  return (
    <QueryResult query={query}>{(found) => <FoundDevices found={found} pages={pages} column="Version" />}</QueryResult>
  );
}
