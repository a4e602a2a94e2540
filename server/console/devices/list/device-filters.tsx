import { Button, CloseButton, Collapse, Group, Pill, Select, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAdjustmentsHorizontal, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { LISTED_LIFE_CYCLES } from '../../../../shared/devices/device-marks.ts';
import { dateTime } from '../../../../shared/look/time-words.ts';
import { COMPLIANCE_STATES } from '../../../../shared/policy/compliance-states.ts';
import { groupsQuery } from '../../client/queries.ts';
import { useMay } from '../../client/session.tsx';
import { AreaSelect } from '../../parts/area-select.tsx';
import { useSearchText } from '../../parts/use-search-text.ts';
import { STATE_NAMES } from '../../words/compliance.ts';
import { STATUS_WORDS } from '../../words/devices.ts';
import { LIFE_CYCLE_NAMES } from '../../words/record-actions.ts';
import classes from './device-filters.module.css';
import { type Filter, ISSUE_FILTERS, type Order, setFilters, sortOf } from './filter.ts';
import { labelsQuery } from './labels-query.ts';
import { usePhone } from './use-phone.ts';

const SORTS = [
  { value: 'user', label: 'User, A to Z' },
  { value: 'user-', label: 'User, Z to A' },
  { value: 'seen-', label: 'Last seen, newest first' },
  { value: 'seen', label: 'Last seen, oldest first' },
  { value: 'enrolled-', label: 'Enrolled, newest first' },
  { value: 'enrolled', label: 'Enrolled, oldest first' },
];

const LIFE_CYCLE_FILTERS = LISTED_LIFE_CYCLES.filter((state) => state !== 'active');
const STATUSES = ['active', 'revoked', 'unenrolled'] as const;
/** Statuses of the enrollment, and states of the life cycle. */
const STATES = [
  ...STATUSES.map((value) => ({ value, label: STATUS_WORDS[value] })),
  ...LIFE_CYCLE_FILTERS.map((value) => ({ value, label: LIFE_CYCLE_NAMES[value] })),
];

export function DeviceFilters({
  filter,
  order,
  narrow,
  reorder,
}: {
  readonly filter: Filter;
  readonly order: Order;
  readonly narrow: (change: Filter) => void;
  readonly reorder: (order: Order) => void;
}) {
  const phone = usePhone();
  const [opened, { toggle }] = useDisclosure(false);
  const count = setFilters(filter);
  const search = <Search text={filter.text} narrow={narrow} />;
  if (!phone) {
    return (
      <Group gap="xs" component="search" aria-label="Device filters">
        {search}
        <Choices filter={filter} narrow={narrow} />
      </Group>
    );
  }
  return (
    <search aria-label="Device filters">
      <Group gap="xs" wrap="nowrap">
        {search}
        <Button
          variant="default"
          className={classes.button}
          leftSection={<IconAdjustmentsHorizontal size={16} aria-hidden />}
          aria-expanded={opened}
          onClick={toggle}
        >
          {count > 0 ? `Filters (${count})` : 'Filters'}
        </Button>
      </Group>
      <Collapse expanded={opened}>
        <div className={classes.choices}>
          <Choices filter={filter} narrow={narrow} />
          <Select
            aria-label="Sort order"
            data={SORTS}
            allowDeselect={false}
            value={`${order.sort}${order.descending ? '-' : ''}`}
            onChange={(value) => {
              reorder({ sort: sortOf(value?.replace('-', '')), descending: value?.endsWith('-') ?? false });
            }}
          />
        </div>
      </Collapse>
    </search>
  );
}

function Search({ text, narrow }: { readonly text: string | undefined; readonly narrow: (change: Filter) => void }) {
  const [typed, change] = useSearchText(text ?? '', (value) => narrow({ text: value || undefined }));
  return (
    <TextInput
      aria-label="Search by user, device name, host name, serial number, IP address or device ID"
      placeholder="User, name, serial number, IP…"
      className={classes.search}
      maxLength={120}
      dir="auto"
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={typed && <CloseButton size="sm" aria-label="Clear search" onClick={() => change('')} />}
      value={typed}
      onChange={({ currentTarget }) => change(currentTarget.value)}
    />
  );
}

export function IssueFilters({
  filter,
  narrow,
}: {
  readonly filter: Filter;
  readonly narrow: (change: Filter) => void;
}) {
  const set = ISSUE_FILTERS.filter((name) => filter[name] !== undefined);
  if (set.length === 0) return null;
  return (
    <Group gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }} aria-label="More filters">
      {set.map((name) => (
        <li key={name}>
          <Pill
            size="lg"
            withRemoveButton
            onRemove={() => narrow({ [name]: undefined })}
            removeButtonProps={{
              'aria-label': `Remove filter: ${issueWords(filter, name)}`,
              'aria-hidden': false,
              tabIndex: 0,
            }}
          >
            {issueWords(filter, name)}
          </Pill>
        </li>
      ))}
    </Group>
  );
}

function issueWords(filter: Filter, name: (typeof ISSUE_FILTERS)[number]): string {
  switch (name) {
    case 'everConnected':
      return filter.everConnected ? 'Connected at least once' : 'Never connected';
    case 'located':
      return filter.located ? 'Location known' : 'Location unknown';
    case 'countersigned':
      return filter.countersigned ? 'Verified for messaging' : 'Not verified for messaging';
    case 'seenBefore':
      return `Last seen before ${dateTime(filter.seenBefore ?? 0)}`;
    case 'listBelow':
      return `Order list older than version ${filter.listBelow}`;
  }
}

function Choices({ filter, narrow }: { readonly filter: Filter; readonly narrow: (change: Filter) => void }) {
  const may = useMay();
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const labels = useQuery({ ...labelsQuery, enabled: may('devices.labels') }).data?.labels ?? [];
  return (
    <>
      <Select
        className={classes.choice}
        aria-label="Group"
        placeholder="All groups"
        data={groups.map(({ id, name }) => ({ value: id, label: name }))}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'All groups' }}
        limit={100}
        nothingFoundMessage="No group found"
        value={filter.group ?? null}
        onChange={(group) => narrow({ group: group ?? undefined })}
      />
      <Select
        className={classes.choice}
        aria-label="Label"
        placeholder="All labels"
        data={[...new Set([...labels.map(({ label }) => label), ...(filter.label ? [filter.label] : [])])]}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'All labels' }}
        limit={100}
        nothingFoundMessage="No label found"
        value={filter.label ?? null}
        onChange={(label) => narrow({ label: label ?? undefined })}
      />
      <AreaSelect
        className={classes.choice}
        aria-label="Possible location"
        placeholder="All locations"
        value={filter.area ?? null}
        onChange={(area) => narrow({ area: area ?? undefined })}
      />
      <Select
        className={classes.choice}
        aria-label="Connection"
        placeholder="Connection"
        data={[
          { value: 'true', label: 'Connected' },
          { value: 'false', label: 'Offline' },
        ]}
        clearable
        clearButtonProps={{ 'aria-label': 'Any connection state' }}
        value={filter.connected === undefined ? null : String(filter.connected)}
        onChange={(value) => narrow({ connected: value === null ? undefined : value === 'true' })}
      />
      <Select
        className={classes.choice}
        aria-label="Status"
        placeholder="All statuses"
        data={STATES}
        clearable
        clearButtonProps={{ 'aria-label': 'All statuses' }}
        value={filter.lifeCycle ?? filter.status ?? null}
        onChange={(value) =>
          narrow({
            status: STATUSES.find((one) => one === value),
            lifeCycle: LIFE_CYCLE_FILTERS.find((one) => one === value),
          })
        }
      />
      <Select
        className={classes.choice}
        aria-label="Compliance"
        placeholder="Compliance"
        data={COMPLIANCE_STATES.map((value) => ({ value, label: STATE_NAMES[value] }))}
        clearable
        clearButtonProps={{ 'aria-label': 'Any compliance state' }}
        value={filter.compliance ?? null}
        onChange={(value) => narrow({ compliance: COMPLIANCE_STATES.find((one) => one === value) })}
      />
    </>
  );
}
