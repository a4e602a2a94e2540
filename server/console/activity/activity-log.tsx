import { Button, Group, Menu, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconDownload, IconRefresh } from '@tabler/icons-react';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { accountList } from '../../../shared/api/accounts.ts';
import { activityList } from '../../../shared/api/activity.ts';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import type { LedgerSearch } from '../app/searches.ts';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { saveDownload } from '../client/save-download.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { DeviceLink } from '../parts/device-link.tsx';
import { PageLink } from '../parts/links.tsx';
import { useSearchText } from '../parts/use-search-text.ts';
import { ActivityEntries } from './activity-entries.tsx';
import { rangeOf } from './activity-range.ts';

const route = getRouteApi('/ledger');
const PAGE = 50;
const MINUTE = 60_000;

const RANGES = [
  { value: 'all', label: 'All' },
  { value: 'today', label: 'Today' },
  { value: 'yesterday', label: 'Yesterday' },
  { value: 'week', label: 'Last 7 days' },
] as const;
const KINDS = [
  { value: 'change', label: 'Changes' },
  { value: 'sign-in', label: 'Sign-ins' },
  { value: 'read', label: 'Reads and exports' },
  { value: 'event', label: 'Events of devices and server' },
] as const;
const OUTCOMES = [
  { value: 'ok', label: 'Done' },
  { value: 'refused', label: 'Refused' },
  { value: 'unknown', label: 'Unknown' },
] as const;

export function ActivityLog() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const show = (next: LedgerSearch) => void navigate({ search: { ...search, ...next }, replace: true });
  const accounts = useQuery({
    ...topicQuery(['accounts'], '/accounts', accountList),
    enabled: may('accounts.list'),
  }).data?.accounts;
  const { range = 'all', kind = null, outcome = null, admin, device, person } = search;
  return (
    <Stack>
      <SegmentedControl
        aria-label="Time range"
        data={[...RANGES]}
        value={range}
        onChange={(value) => show({ range: RANGES.find((each) => each.value === value)?.value })}
        style={{ alignSelf: 'flex-start', maxWidth: '100%' }}
      />
      <Group align="flex-end" gap="sm">
        <SearchText text={search.text ?? ''} change={(text) => show({ text: text === '' ? undefined : text })} />
        {accounts && (
          <Select
            label="Admin"
            placeholder="All admins"
            data={accounts.map(({ id, name, email }) => ({ value: id, label: `${name} (${email})` }))}
            value={admin ?? null}
            onChange={(value) => show({ admin: value ?? undefined })}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'Show all admins' }}
          />
        )}
        <Select
          label="Kind"
          placeholder="All kinds"
          data={[...KINDS]}
          value={kind}
          onChange={(value) => show({ kind: KINDS.find((each) => each.value === value)?.value })}
          clearable
          clearButtonProps={{ 'aria-label': 'Show all kinds' }}
        />
        <Select
          label="Outcome"
          placeholder="All outcomes"
          data={[...OUTCOMES]}
          value={outcome}
          onChange={(value) => show({ outcome: OUTCOMES.find((each) => each.value === value)?.value })}
          clearable
          clearButtonProps={{ 'aria-label': 'Show all outcomes' }}
        />
      </Group>
      {device !== undefined && (
        <Narrowed label="Device" all="Show all devices" clear={() => show({ device: undefined })}>
          <DeviceLink id={device} />
        </Narrowed>
      )}
      {person !== undefined && (
        <Narrowed label="Person" all="Show all people" clear={() => show({ person: undefined })}>
          <PageLink to="/people/$id" params={{ id: person }} data-id-field>
            {person}
          </PageLink>
        </Narrowed>
      )}
      {admin !== undefined && !accounts && (
        <Narrowed label="Admin" all="Show all admins" clear={() => show({ admin: undefined })}>
          <span data-id-field>{admin}</span>
        </Narrowed>
      )}
      <List key={JSON.stringify(search)} search={search} />
    </Stack>
  );
}

/** Filter that comes from a link on another page. */
function Narrowed({
  label,
  all,
  clear,
  children,
}: {
  readonly label: string;
  readonly all: string;
  readonly clear: () => void;
  readonly children: ReactNode;
}) {
  return (
    <Group gap="sm">
      <Text size="sm" component="div">
        {label} {children}
      </Text>
      <Button variant="default" size="compact-sm" onClick={clear}>
        {all}
      </Button>
    </Group>
  );
}

function SearchText({ text, change }: { readonly text: string; readonly change: (text: string) => void }) {
  const [typed, setTyped] = useSearchText(text, change);
  return (
    <TextInput
      label="Search"
      placeholder="Action, name, address or ID"
      dir="auto"
      miw={280}
      maxLength={120}
      value={typed}
      onChange={({ currentTarget }) => setTyped(currentTarget.value)}
    />
  );
}

function List({ search }: { readonly search: LedgerSearch }) {
  const { range, tab: _, ...filter } = search;
  const now = Math.floor(useServerNow(MINUTE) / MINUTE) * MINUTE;
  const pages = useCursorPages<number>();
  const asked = { ...filter, ...rangeOf(range, now) };
  const query = useQuery({
    ...topicQuery([], withQuery('/activity', { ...asked, limit: PAGE, cursor: pages.cursor }), activityList),
    placeholderData: keepPreviousData,
  });
  return (
    <QueryResult query={query}>
      {({ entries, next, limited, days }) => (
        <Stack>
          <Group justify="space-between" gap="sm">
            <Text size="sm" c="dimmed" maw={640}>
              {limited
                ? `Changes and events of the devices in the scope of your role. The server keeps entries for ${days} days.`
                : `The server keeps entries for ${days} days. The public ledger proves that sealed entries do not change.`}
            </Text>
            <Group gap="xs">
              <Button
                variant="default"
                size="xs"
                leftSection={<IconRefresh size={16} aria-hidden />}
                loading={query.isFetching && !query.isPending}
                onClick={() => void query.refetch()}
              >
                Refresh
              </Button>
              <Export filter={asked} sealed={!limited} />
            </Group>
          </Group>
          {entries.length === 0 && pages.page === 1 ? (
            <Empty title="No activity">
              No entry matches these filters. Choose a longer time range, or remove a filter.
            </Empty>
          ) : (
            <>
              <ActivityEntries entries={entries} />
              <CursorPager pages={pages} next={next} />
            </>
          )}
        </Stack>
      )}
    </QueryResult>
  );
}

function Export({
  filter,
  sealed,
}: {
  readonly filter: Readonly<Record<string, string | number | undefined>>;
  readonly sealed: boolean;
}) {
  const saving = useMutation({
    mutationFn: (format: 'csv' | 'json' | 'sealed') => {
      const { from, to } = filter;
      const chosen = format === 'sealed' ? { from, to } : filter;
      return saveDownload(withQuery('/activity/export', { ...chosen, format }), { method: 'GET' });
    },
  });
  return (
    <>
      <Menu position="bottom-end" width={280}>
        <Menu.Target>
          <Button
            variant="default"
            size="xs"
            loading={saving.isPending}
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Export entries
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => saving.mutate('csv')}>Export as CSV</Menu.Item>
          <Menu.Item onClick={() => saving.mutate('json')}>Export as JSON lines</Menu.Item>
          {sealed && (
            <Menu.Item onClick={() => saving.mutate('sealed')}>Export sealed batches for verification</Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {saving.isError && <Failure error={saving.error} />}
    </>
  );
}
