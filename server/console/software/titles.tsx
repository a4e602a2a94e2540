import { Group, NativeSelect, Stack, Table } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { SOFTWARE_SOURCES } from '../../../shared/inventory/software.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { withQuery } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { softwareQuery } from './queries.ts';
import { SaveCsv } from './save-csv.tsx';
import { SearchField } from './search-field.tsx';

const route = getRouteApi('/software');

export function Titles() {
  const may = useMay();
  const { text, source } = route.useSearch();
  const navigate = route.useNavigate();
  const show = (next: { text?: string | undefined; source?: string | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...next }) });
  return (
    <Stack>
      <Group gap="sm" align="flex-end">
        <SearchField
          key={text}
          label="Search software"
          placeholder="Part of the name, such as openssl"
          text={text}
          search={(next) => show({ text: next })}
        />
        <NativeSelect
          aria-label="Source"
          data={[{ value: '', label: 'All sources' }, ...SOFTWARE_SOURCES]}
          value={source ?? ''}
          onChange={({ currentTarget }) => show({ source: currentTarget.value || undefined })}
        />
        {may('software.csv') && (
          <SaveCsv path={withQuery('/software.csv', { text, source })} label="Download CSV of the software" />
        )}
      </Group>
      <List key={`${text} ${source}`} text={text} source={source} />
    </Stack>
  );
}

function List({ text, source }: { readonly text: string | undefined; readonly source: string | undefined }) {
  const pages = useCursorPages<string>();
  const query = useQuery({ ...softwareQuery({ text, source }, pages.cursor), placeholderData: keepPreviousData });
  return (
    <QueryResult query={query}>
      {({ titles, cursor }) =>
        titles.length === 0 && pages.page === 1 ? (
          <Nothing filtered={text !== undefined || source !== undefined} />
        ) : (
          <Stack>
            <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
              <Table aria-label="Software">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Source</Table.Th>
                    <Table.Th>Newest version</Table.Th>
                    <Table.Th ta="end">Versions</Table.Th>
                    <Table.Th ta="end">Devices</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {titles.map(({ id, name, source: from, newest, versions, devices }) => (
                    <Table.Tr key={id}>
                      <Table.Td style={{ overflowWrap: 'anywhere' }}>
                        <PageLink to="/software/$id" params={{ id: String(id) }}>
                          <UserText>{name}</UserText>
                        </PageLink>
                      </Table.Td>
                      <Table.Td>{from}</Table.Td>
                      <Table.Td style={{ overflowWrap: 'anywhere' }}>
                        <UserText>{newest === '' ? 'Unknown' : newest}</UserText>
                      </Table.Td>
                      <Table.Td ta="end">{versions.toLocaleString('en')}</Table.Td>
                      <Table.Td ta="end">{devices.toLocaleString('en')}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <CursorPager pages={pages} next={cursor} />
          </Stack>
        )
      }
    </QueryResult>
  );
}

function Nothing({ filtered }: { readonly filtered: boolean }) {
  return filtered ? (
    <Empty title="No matching software">
      No device in your scope has reported software with this name. Search for a shorter part of the name.
    </Empty>
  ) : (
    <Empty title="No software reported yet" action={<ButtonLink to="/devices">Open devices</ButtonLink>}>
      Devices report their software when they connect. To request a report now, send the command “Refresh inventory” to
      a device. If the section “Software” is switched off, switch it on under “What devices report”.
    </Empty>
  );
}
