/** What narrows the list. On a phone all but the search stand behind a button. */
import { Button, CloseButton, Collapse, Group, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks';
import { IconAdjustmentsHorizontal, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { groupsQuery } from '../../client/queries.ts';
import { PlaceSelect } from '../../parts/place-select.tsx';
import { STATUS_WORDS } from '../../words/devices.ts';
import classes from './device-filters.module.css';
import { type Filter, type Order, setFilters } from './filter.ts';
import { usePhone } from './use-phone.ts';

const SORTS = [
  { value: 'user', label: 'By user' },
  { value: 'user-', label: 'By user, backwards' },
  { value: 'seen-', label: 'Seen last first' },
  { value: 'seen', label: 'Seen longest ago first' },
  { value: 'enrolled-', label: 'Newest first' },
  { value: 'enrolled', label: 'Oldest first' },
];

export function DeviceFilters({
  filter,
  order,
  narrow,
  reorder,
}: {
  readonly filter: Filter;
  readonly order: Order;
  /** What is left out stays. */
  readonly narrow: (change: Filter) => void;
  readonly reorder: (order: Order) => void;
}) {
  const phone = usePhone();
  const [opened, { toggle }] = useDisclosure(false);
  const count = setFilters(filter);
  const search = <Search text={filter.text} narrow={narrow} />;
  if (!phone) {
    return (
      <Group gap="xs" component="search" aria-label="Devices">
        {search}
        <Choices filter={filter} narrow={narrow} />
      </Group>
    );
  }
  return (
    <search aria-label="Devices">
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
            aria-label="Order"
            data={SORTS}
            allowDeselect={false}
            value={`${order.sort}${order.descending ? '-' : ''}`}
            onChange={(value) => {
              const sort = value?.startsWith('seen') ? 'seen' : value?.startsWith('enrolled') ? 'enrolled' : 'user';
              reorder({ sort, descending: value?.endsWith('-') ?? false });
            }}
          />
        </div>
      </Collapse>
    </search>
  );
}

function Search({ text, narrow }: { readonly text: string | undefined; readonly narrow: (change: Filter) => void }) {
  const [typed, setTyped] = useState(text ?? '');
  const ask = useDebouncedCallback((value: string) => narrow({ text: value.trim() || undefined }), 250);
  // The address may change without the field: back, or "clear the filters".
  useEffect(() => {
    setTyped((before) => (before.trim() === (text ?? '') ? before : (text ?? '')));
  }, [text]);
  const change = (value: string) => {
    setTyped(value);
    ask(value);
  };
  return (
    <TextInput
      aria-label="Search by user, host name or device number"
      placeholder="User, host name or device number"
      className={classes.search}
      maxLength={120}
      dir="auto"
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={typed && <CloseButton size="sm" aria-label="Clear the search" onClick={() => change('')} />}
      value={typed}
      onChange={({ currentTarget }) => change(currentTarget.value)}
    />
  );
}

function Choices({ filter, narrow }: { readonly filter: Filter; readonly narrow: (change: Filter) => void }) {
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  return (
    <>
      <Select
        className={classes.choice}
        aria-label="Group"
        placeholder="Any group"
        data={groups.map(({ id, name }) => ({ value: id, label: name }))}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'Any group' }}
        limit={100}
        nothingFoundMessage="No such group"
        value={filter.group ?? null}
        onChange={(group) => narrow({ group: group ?? undefined })}
      />
      <PlaceSelect
        className={classes.choice}
        aria-label="Place where the device is or may be"
        placeholder="Anywhere"
        value={filter.area ?? null}
        onChange={(area) => narrow({ area: area ?? undefined })}
      />
      <Select
        className={classes.choice}
        aria-label="Connection"
        placeholder="Connected or not"
        data={[
          { value: 'true', label: 'Connected' },
          { value: 'false', label: 'Not connected' },
        ]}
        clearable
        clearButtonProps={{ 'aria-label': 'Connected or not' }}
        value={filter.connected === undefined ? null : String(filter.connected)}
        onChange={(value) => narrow({ connected: value === null ? undefined : value === 'true' })}
      />
      <Select
        className={classes.choice}
        aria-label="Status"
        placeholder="Any status"
        data={Object.entries(STATUS_WORDS).map(([value, label]) => ({ value, label }))}
        clearable
        clearButtonProps={{ 'aria-label': 'Any status' }}
        value={filter.status ?? null}
        onChange={(value) =>
          narrow({ status: value === 'active' || value === 'revoked' || value === 'unenrolled' ? value : undefined })
        }
      />
    </>
  );
}
