import { Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useRef, useState } from 'react';
import { RECORD_ACTIONS } from '../../../shared/api/device-actions.ts';
import type { SavedDeviceView } from '../../../shared/api/device-views.ts';
import { type ListColumn, reportedAmong } from '../../../shared/inventory/list-fields.ts';
import { Empty, Failure, Loading } from '../../../shared/look/states.tsx';
import type { DeviceSearch } from '../app/searches.ts';
import { healthQuery } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { AskDialog, type QueryTarget } from '../live-queries/ask-dialog.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { BulkCommand } from './bulk/bulk-command.tsx';
import { RECORD_RIGHTS } from './bulk/record-action-form.tsx';
import classes from './devices-page.module.css';
import { DeviceFilters, IssueFilters } from './list/device-filters.tsx';
import { DeviceGrid } from './list/device-grid.tsx';
import {
  columnsOf,
  DEFAULT_COLUMNS,
  type Filter,
  filterOf,
  isNarrowed,
  type Order,
  orderOf,
  sortOf,
} from './list/filter.ts';
import { ListTools } from './list/list-tools.tsx';
import { type ListQuery, useShownList } from './list/rows.ts';
import { countOf } from './list/selection.ts';
import { SelectionBar } from './list/selection-bar.tsx';
import { usePhone } from './list/use-phone.ts';
import { useRemainingHeight } from './list/use-remaining-height.ts';
import { type SelectionState, useSelection } from './list/use-selection.ts';
import { viewsQuery } from './list/views.ts';

const route = getRouteApi('/devices');
/**
 * Scroll setting of the list. A list with other filters starts at its first row, although the router would restore the earlier scroll
 * position.
 */
const KEEP_SCROLL = { resetScroll: false } as const;

export function DevicesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = filterOf(search);
  const order = orderOf(search);
  const may = useMay();
  const account = useQuery({ ...viewsQuery, enabled: may('device-views.list') }).data?.columns;
  const columns = columnsOf(search) ?? account ?? DEFAULT_COLUMNS;
  const { head, shown, total, waiting } = useShownList({ filter, order, facts: reportedAmong(columns) });
  const choice = useSelection(shown, total);
  const selects = may('commands.issue-many') || RECORD_ACTIONS.some((kind) => may(RECORD_RIGHTS[kind]));
  const phone = usePhone();

  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true, ...KEEP_SCROLL });
  const narrow = (next: Filter) => change(searchOf(next));
  const reorder = ({ sort, descending }: Order) => change({ sort, descending });
  const clear = () =>
    void navigate({
      search: ({ sort, descending, columns: kept }) => ({ sort, descending, columns: kept }),
      replace: true,
      ...KEEP_SCROLL,
    });
  const openView = (view: SavedDeviceView | null) =>
    void navigate({
      search: view
        ? { ...searchOf(view.filter), ...orderIn(view), view: view.id, ...columnsIn(view) }
        : { sort: search.sort, descending: search.descending },
      ...KEEP_SCROLL,
    });

  const narrowed = isNarrowed(filter);
  const empty = total === 0 && head.isSuccess && !waiting;
  return (
    <Page
      title="Devices"
      lead={
        <Group gap="sm">
          <Count total={head.data?.total} narrowed={isNarrowed(shown.filter)} />
          {phone && selects && !empty && countOf(choice.selection, total) === 0 && (
            <Button variant="subtle" size="compact-sm" onClick={() => choice.chooseAll(true)}>
              Select all
            </Button>
          )}
        </Group>
      }
      actions={may('codes.create') && <ButtonLink to="/enroll">Enroll device</ButtonLink>}
    >
      {(narrowed || !empty) && <DeviceFilters filter={filter} order={order} narrow={narrow} reorder={reorder} />}
      <IssueFilters filter={filter} narrow={narrow} />
      {(narrowed || !empty) && (
        <ListTools
          list={{ filter, order, columns }}
          view={search.view}
          narrow={narrow}
          open={openView}
          showColumns={(next) => change({ columns: next && [...next] })}
        />
      )}
      {head.isError && <Failure error={head.error} retry={() => void head.refetch()} />}
      {head.data === undefined ? (
        !head.isError && <Loading lines={8} />
      ) : empty ? (
        <NoDevices narrowed={narrowed} clear={clear} />
      ) : (
        <List
          query={shown}
          columns={columns}
          total={total}
          waiting={waiting}
          choice={selects ? choice : null}
          reorder={reorder}
          follow={(job) => void navigate({ to: '/jobs/$id', params: { id: job } })}
        />
      )}
    </Page>
  );
}

/** Filter as parameters of the page address. */
function searchOf(filter: Filter): Partial<DeviceSearch> {
  const { where, ...rest } = filter;
  return { ...rest, ...('where' in filter && { where: where && [...where] }) };
}

const orderIn = ({ sort, descending }: SavedDeviceView) => ({ sort: sortOf(sort), descending });
const columnsIn = ({ columns }: SavedDeviceView) => (columns.length > 0 ? { columns: [...columns] } : {});

function List({
  query,
  columns,
  total,
  waiting,
  choice,
  reorder,
  follow,
}: {
  readonly query: ListQuery;
  readonly columns: readonly ListColumn[];
  readonly total: number;
  readonly waiting: boolean;
  readonly choice: SelectionState | null;
  readonly reorder: (order: Order) => void;
  readonly follow: (job: string) => void;
}) {
  const wrapper = useRef<HTMLDivElement>(null);
  useRemainingHeight(wrapper);
  const now = useServerNow(10_000);
  const newestList = useQuery(healthQuery).data?.list?.version ?? null;
  const surroundings = useMemo(() => ({ now, newestList, columns }), [now, newestList, columns]);
  const [commanding, setCommanding] = useState(false);
  const [asking, setAsking] = useState<QueryTarget | null>(null);
  const may = useMay();
  const count = choice === null ? 0 : countOf(choice.selection, total);
  const bar = choice !== null && (count > 0 || choice.fetching || choice.failure !== null);
  return (
    <div ref={wrapper} className={classes.list}>
      <DeviceGrid
        query={query}
        total={total}
        waiting={waiting}
        surroundings={surroundings}
        reorder={reorder}
        choice={choice}
        covered={bar}
      />
      {bar && (
        <SelectionBar
          choice={choice}
          total={total}
          narrowed={isNarrowed(query.filter)}
          command={() => setCommanding(true)}
          ask={may('live-queries.ask') ? () => setAsking(queryTargetOf(choice.selection, query.filter)) : null}
        />
      )}
      <AskDialog
        target={asking}
        audience={`${count.toLocaleString('en')} ${count === 1 ? 'device is' : 'devices are'} selected.`}
        close={() => setAsking(null)}
      />
      {choice && (
        <BulkCommand
          opened={commanding}
          chosen={
            choice.selection.kind === 'all'
              ? { kind: 'all', filter: query.filter }
              : { kind: 'some', devices: [...choice.selection.devices.values()] }
          }
          close={() => setCommanding(false)}
          sent={(id) => {
            setCommanding(false);
            choice.clear();
            follow(id);
          }}
        />
      )}
    </div>
  );
}

function queryTargetOf(selection: SelectionState['selection'], { status: _status, ...filter }: Filter): QueryTarget {
  if (selection.kind === 'some') return { devices: [...selection.devices.keys()] };
  return { filter: Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) };
}

function Count({ total, narrowed }: { readonly total: number | undefined; readonly narrowed: boolean }) {
  return (
    <Text c="dimmed" aria-live="polite" mih="1.55em">
      {total !== undefined &&
        `${total.toLocaleString('en')} ${total === 1 ? 'device' : 'devices'}${narrowed ? (total === 1 ? ' matches' : ' match') : ''}`}
    </Text>
  );
}

function NoDevices({ narrowed, clear }: { readonly narrowed: boolean; readonly clear: () => void }) {
  const may = useMay();
  if (narrowed) {
    return (
      <Empty title="No matching devices" action={<Button onClick={clear}>Clear filters</Button>}>
        No device meets all filters. Remove a filter, or search for parts of words. The search finds each word in the
        user, the host name, the serial number or the network address.
      </Empty>
    );
  }
  return (
    <Empty title="No devices" action={may('codes.create') && <ButtonLink to="/enroll">Enroll device</ButtonLink>}>
      {may('codes.create')
        ? 'Create an activation link and paste it into the Cordon agent on the computer that you want to enroll. The device then appears here.'
        : 'Your role cannot enroll devices. Ask an admin for an activation link. A device appears here after it enrolls.'}
    </Empty>
  );
}
