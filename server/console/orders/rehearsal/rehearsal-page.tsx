/** Rehearsal page: predicts the effect of a revision on the current fleet before approvers approve it. Devices receive nothing. */
import { Button, Grid, Group, NativeSelect, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconFileSpreadsheet, IconRefresh } from '@tabler/icons-react';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { ImpactView } from '../../../../shared/api/order-impact.ts';
import type { OrderView } from '../../../../shared/api/orders.ts';
import { areaName } from '../../../../shared/areas/area-words.ts';
import { Empty, Failure, QueryResult } from '../../../../shared/look/states.tsx';
import { dateTime } from '../../../../shared/look/time-words.ts';
import type { RehearsalSearch } from '../../app/searches.ts';
import { saveDownload } from '../../client/save-download.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { PageLink } from '../../parts/links.tsx';
import { Page, Section } from '../../parts/page.tsx';
import { ACTION_NAMES } from '../../words/orders.ts';
import { pendingRevision } from '../approval-state.ts';
import { CHANGE_MEANING, CHANGE_NAMES, CLASS_MEANING, CLASS_NAMES, waitsWords } from '../impact-words.ts';
import { NamesDialog } from '../names-dialog.tsx';
import { DeviceRows, ImpactBars, Pages } from '../order-impact.tsx';
import { orderQuery, type RehearsalFilter, rehearsalPath, rehearsalQuery, warningsQuery } from '../queries.ts';
import { useRevisionTexts } from '../use-revision-texts.ts';
import { Warnings } from '../warnings.tsx';
import { WithheldOrder } from '../withheld-order.tsx';
import { ChangeBar } from './change-bar.tsx';
import { RehearsalLocations } from './rehearsal-locations.tsx';

const HERE = '/orders/$number/rehearsal';
const PAGE = 25;

export function RehearsalPage() {
  const { number } = useParams({ from: HERE });
  const query = useQuery(orderQuery(number));
  if (query.data?.visibility === 'hidden') return <WithheldOrder key={number} order={query.data} />;
  if (query.data !== undefined) return <Loaded key={number} order={query.data} />;
  return (
    <Page title={`Rehearsal of order ${number}`}>
      <QueryResult query={query} lines={8}>
        {() => null}
      </QueryResult>
    </Page>
  );
}

/**
 * Reads the revisions, the time and the filters of a rehearsal (impact preview) from the page's address. By default, the rehearsal compares
 * the revision that waits for approvals with the adopted revision.
 */
function filterOf(search: RehearsalSearch, order: OrderView): RehearsalFilter {
  const revision = search.revision ?? pendingRevision(order)?.revision ?? order.adoptedRevision ?? order.latestRevision;
  const before = order.adoptedRevision === revision ? null : order.adoptedRevision;
  const baseline = search.baseline === 'none' ? null : (search.baseline ?? before);
  const { at = 'effective', change = null, area = null } = search;
  return { at, revision, baseline, class: search.class ?? null, change: baseline === null ? null : change, area };
}

function Loaded({ order }: { readonly order: OrderView }) {
  const may = useMay();
  const search = useSearch({ from: HERE });
  const navigate = useNavigate({ from: HERE });
  const filter = filterOf(search, order);
  const offset = search.offset ?? 0;
  const query = useQuery({
    ...rehearsalQuery(order.number, { ...filter, offset, limit: PAGE }),
    placeholderData: keepPreviousData,
  });
  const warnings = useQuery({
    ...warningsQuery(order.number, filter.revision),
    enabled: may('orders.warnings'),
  }).data?.warnings;
  const set = (next: RehearsalSearch) =>
    void navigate({ search: (before) => ({ ...before, offset: undefined, ...next }), resetScroll: false });
  const counting = query.isFetching && (query.isPlaceholderData || query.data === undefined);
  return (
    <Page
      title={`Rehearsal of order ${order.number}`}
      lead={
        <Text c="dimmed">
          <PageLink to="/orders/$number" params={{ number: order.number }}>
            <bdi>{order.title}</bdi>
          </PageLink>
          . A rehearsal changes nothing, and devices do not notice it.
        </Text>
      }
      actions={
        <Button
          variant="default"
          leftSection={<IconRefresh size={16} aria-hidden />}
          loading={query.isFetching}
          onClick={() => void query.refetch()}
        >
          Repeat rehearsal
        </Button>
      }
    >
      <Choices order={order} filter={filter} set={set} />
      <Warnings warnings={warnings ?? []} />
      <Text role="status" size="sm" c="dimmed">
        {counting ? 'Calculating impact…' : query.data === undefined ? '' : summaryOf(query.data)}
      </Text>
      <QueryResult query={query} lines={8}>
        {(impact) => <Found order={order} filter={filter} offset={offset} impact={impact} set={set} />}
      </QueryResult>
    </Page>
  );
}

function summaryOf({ at, fleet, counts, waiting }: ImpactView): string {
  const devices = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'device' : 'devices'}`;
  const waits = waitsWords(waiting);
  const waitingText = waits === '' ? '' : ` Data waits for ${devices(waiting.devices)} of these. ${waits}`;
  return `At ${dateTime(at)}: ${counts.denied.toLocaleString('en')} of ${devices(fleet)} lose services.${waitingText}`;
}

function Choices({
  order,
  filter,
  set,
}: {
  readonly order: OrderView;
  readonly filter: RehearsalFilter;
  readonly set: (next: RehearsalSearch) => void;
}) {
  const choices = order.revisions.map(({ revision, action, state }) => ({
    value: String(revision),
    label: `${revision}: ${ACTION_NAMES[action]}${state === 'adopted' ? ', adopted' : state === 'waiting' ? ', pending' : ''}`,
  }));
  return (
    <Group gap="md" align="flex-end">
      <NativeSelect
        label="Revision"
        value={String(filter.revision)}
        data={choices}
        onChange={({ currentTarget }) =>
          set({ revision: Number(currentTarget.value), baseline: undefined, change: undefined })
        }
      />
      {choices.length > 1 && (
        <NativeSelect
          label="Compared with"
          value={filter.baseline === null ? 'none' : String(filter.baseline)}
          data={[
            { value: 'none', label: 'no other revision' },
            ...choices.filter(({ value }) => value !== String(filter.revision)),
          ]}
          onChange={({ currentTarget: { value } }) =>
            set({ baseline: value === 'none' ? 'none' : Number(value), change: undefined })
          }
        />
      )}
      <SegmentedControl
        aria-label="Time of the preview"
        value={filter.at}
        onChange={(value) => set({ at: value === 'now' ? 'now' : 'effective' })}
        data={[
          { value: 'effective', label: 'At the effective time' },
          { value: 'now', label: 'Now' },
        ]}
      />
    </Group>
  );
}

function Found({
  order,
  filter,
  offset,
  impact,
  set,
}: {
  readonly order: OrderView;
  readonly filter: RehearsalFilter;
  readonly offset: number;
  readonly impact: ImpactView;
  readonly set: (next: RehearsalSearch) => void;
}) {
  const now = useServerNow(60_000);
  const terms = useRevisionTexts(order).documents.get(filter.revision)?.terms ?? order.terms;
  const touched = Object.values(impact.counts).some((count) => count > 0);
  const changed = impact.changes !== null && Object.values(impact.changes).some((count) => count > 0);
  if (!touched && !changed) {
    return (
      <Empty title="No affected devices">
        {impact.fleet === 0
          ? 'No device is enrolled. You can already prepare orders.'
          : 'According to current evidence, no device is in the order’s areas, belongs to them, or may be in them.'}
      </Empty>
    );
  }
  return (
    <Stack gap="xl">
      {impact.changes !== null && impact.baseline !== null && (
        <Section title={`Changes from revision ${impact.baseline}`}>
          <ChangeBar changes={impact.changes} chosen={filter.change} choose={(change) => set({ change })} />
        </Section>
      )}
      <Grid gap="xl">
        <Grid.Col span={{ base: 12, lg: 5 }}>
          <Section title="Affected devices">
            <ImpactBars impact={impact} chosen={filter.class} choose={(one) => set({ class: one ?? undefined })} />
          </Section>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 7 }}>
          <Section title="Locations">
            <RehearsalLocations
              terms={terms}
              begun={filter.revision === order.adoptedRevision && Date.parse(terms.effective) <= now}
              areas={impact.areas}
              chosen={filter.area}
              choose={(area) => set({ area: area ?? undefined })}
            />
          </Section>
        </Grid.Col>
      </Grid>
      <Section title="Device list" actions={<Files order={order} filter={filter} total={impact.total} />}>
        <Filter filter={filter} set={set} />
        {impact.total === 0 ? (
          <Text size="sm">No devices match the filters.</Text>
        ) : (
          <DeviceRows devices={impact.devices} />
        )}
        <Pages offset={offset} size={PAGE} total={impact.total} goTo={(next) => set({ offset: next })} />
      </Section>
    </Stack>
  );
}

function Filter({ filter, set }: { readonly filter: RehearsalFilter; readonly set: (next: RehearsalSearch) => void }) {
  const { class: chosen, change, area } = filter;
  const parts = [
    ...(change ? [`${CHANGE_NAMES[change]}: ${CHANGE_MEANING[change]}`] : []),
    ...(chosen ? [`${CLASS_NAMES[chosen]}: ${CLASS_MEANING[chosen]}`] : []),
    ...(area === null ? [] : [`Located or possibly located in ${areaName(area)}.`]),
  ];
  if (parts.length === 0) return <Text size="sm">All affected devices.</Text>;
  return (
    <Group gap="sm">
      <Text size="sm" fw={600}>
        {parts.join(' ')}
      </Text>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => set({ class: undefined, change: undefined, area: undefined })}
      >
        Show all devices
      </Button>
    </Group>
  );
}

function Files({
  order,
  filter,
  total,
}: {
  readonly order: OrderView;
  readonly filter: RehearsalFilter;
  readonly total: number;
}) {
  const may = useMay();
  const [naming, setNaming] = useState(false);
  const saving = useMutation({
    mutationFn: () => saveDownload(rehearsalPath(order.number, '.csv', filter), { method: 'GET' }),
  });
  if (total === 0) return null;
  return (
    <>
      {saving.isError && <Failure error={saving.error} />}
      {may('orders.impact-csv') && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconFileSpreadsheet size={16} aria-hidden />}
          loading={saving.isPending}
          onClick={() => saving.mutate()}
        >
          Download table
        </Button>
      )}
      {may('orders.impact-names') && (
        <Button size="xs" variant="default" aria-haspopup="dialog" onClick={() => setNaming(true)}>
          Export names…
        </Button>
      )}
      <NamesDialog
        request={
          naming
            ? {
                path: rehearsalPath(order.number, '/names'),
                filter: Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== null)),
                which: 'in this list',
                devices: total,
              }
            : null
        }
        close={() => setNaming(false)}
      />
    </>
  );
}
