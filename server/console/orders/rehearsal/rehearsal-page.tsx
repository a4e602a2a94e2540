/** A rehearsal: a revision held against the fleet as it is, before anybody signs it. Nothing of it reaches a device. */
import { Button, Grid, Group, NativeSelect, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconFileSpreadsheet, IconRefresh } from '@tabler/icons-react';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { ImpactView, OrderView } from '../../../../shared/api/orders.ts';
import { areaName } from '../../../../shared/areas/area-words.ts';
import { Answer, Empty, Failure } from '../../../../shared/look/states.tsx';
import { dateTime } from '../../../../shared/look/time-words.ts';
import type { RehearsalSearch } from '../../app/router.tsx';
import { saveFile } from '../../client/save-file.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { PageLink } from '../../parts/links.tsx';
import { Page, Section } from '../../parts/page.tsx';
import { ACT_NAMES } from '../../words/orders.ts';
import { waitingRevision } from '../approval-state.ts';
import { CHANGE_MEANING, CHANGE_NAMES, CLASS_MEANING, CLASS_NAMES, waitsWords } from '../impact-words.ts';
import { NamesDialog } from '../names-dialog.tsx';
import { DeviceRows, ImpactBars, Pages } from '../order-impact.tsx';
import { orderQuery, type RehearsalAsked, rehearsalPath, rehearsalQuery, warningsQuery } from '../queries.ts';
import { useRevisionTexts } from '../use-revision-texts.ts';
import { Warnings } from '../warnings.tsx';
import { ChangeBar } from './change-bar.tsx';
import { RehearsalPlaces } from './rehearsal-places.tsx';

const HERE = '/orders/$number/rehearsal';
const PAGE = 25;

export function RehearsalPage() {
  const { number } = useParams({ from: HERE });
  const query = useQuery(orderQuery(number));
  if (query.data !== undefined) return <Loaded key={number} order={query.data} />;
  return (
    <Page title={`Rehearsal of order ${number}`}>
      <Answer query={query} lines={8}>
        {() => null}
      </Answer>
    </Page>
  );
}

/** The revision that one would sign, held against the one that it would replace; the address may say otherwise. */
function askedBy(search: RehearsalSearch, order: OrderView): RehearsalAsked {
  const revision = search.revision ?? waitingRevision(order)?.revision ?? order.adoptedRevision ?? order.latestRevision;
  const before = order.adoptedRevision === revision ? null : order.adoptedRevision;
  const against = search.against === 'none' ? null : (search.against ?? before);
  const { at = 'effective', change = null, area = null } = search;
  return { at, revision, against, class: search.class ?? null, change: against === null ? null : change, area };
}

function Loaded({ order }: { readonly order: OrderView }) {
  const may = useMay();
  const search = useSearch({ from: HERE });
  const navigate = useNavigate({ from: HERE });
  const asked = askedBy(search, order);
  const offset = search.offset ?? 0;
  const query = useQuery({
    ...rehearsalQuery(order.number, { ...asked, offset, limit: PAGE }),
    placeholderData: keepPreviousData,
  });
  const warnings = useQuery({
    ...warningsQuery(order.number, asked.revision),
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
          . Nothing of this reaches a device, and nothing is signed by it.
        </Text>
      }
      actions={
        <Button
          variant="default"
          leftSection={<IconRefresh size={16} aria-hidden />}
          loading={query.isFetching}
          onClick={() => void query.refetch()}
        >
          Rehearse again
        </Button>
      }
    >
      <Choices order={order} asked={asked} set={set} />
      <Warnings warnings={warnings ?? []} />
      <Text role="status" size="sm" c="dimmed">
        {counting ? 'Going through the fleet…' : query.data === undefined ? '' : summaryOf(query.data)}
      </Text>
      <Answer query={query} lines={8}>
        {(impact) => <Found order={order} asked={asked} offset={offset} impact={impact} set={set} />}
      </Answer>
    </Page>
  );
}

function summaryOf({ at, fleet, counts, waiting }: ImpactView): string {
  const devices = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'device' : 'devices'}`;
  const waits = waitsWords(waiting);
  const theirs = waits === '' ? '' : ` For ${devices(waiting.devices)} of them something waits. ${waits}`;
  return `For ${dateTime(at)}: of ${devices(fleet)}, it takes service from ${counts.denied.toLocaleString('en')}.${theirs}`;
}

function Choices({
  order,
  asked,
  set,
}: {
  readonly order: OrderView;
  readonly asked: RehearsalAsked;
  readonly set: (next: RehearsalSearch) => void;
}) {
  const choices = order.revisions.map(({ revision, act, state }) => ({
    value: String(revision),
    label: `${revision}: ${ACT_NAMES[act]}${state === 'adopted' ? ', approved' : state === 'waiting' ? ', waits' : ''}`,
  }));
  return (
    <Group gap="md" align="flex-end">
      <NativeSelect
        label="Revision"
        value={String(asked.revision)}
        data={choices}
        onChange={({ currentTarget }) =>
          set({ revision: Number(currentTarget.value), against: undefined, change: undefined })
        }
      />
      {choices.length > 1 && (
        <NativeSelect
          label="Held against"
          value={asked.against === null ? 'none' : String(asked.against)}
          data={[
            { value: 'none', label: 'no other' },
            ...choices.filter(({ value }) => value !== String(asked.revision)),
          ]}
          onChange={({ currentTarget: { value } }) =>
            set({ against: value === 'none' ? 'none' : Number(value), change: undefined })
          }
        />
      )}
      <SegmentedControl
        aria-label="When"
        value={asked.at}
        onChange={(value) => set({ at: value === 'now' ? 'now' : 'effective' })}
        data={[
          { value: 'effective', label: 'At its time' },
          { value: 'now', label: 'If it were now' },
        ]}
      />
    </Group>
  );
}

function Found({
  order,
  asked,
  offset,
  impact,
  set,
}: {
  readonly order: OrderView;
  readonly asked: RehearsalAsked;
  readonly offset: number;
  readonly impact: ImpactView;
  readonly set: (next: RehearsalSearch) => void;
}) {
  const now = useServerNow(60_000);
  const terms = useRevisionTexts(order).documents.get(asked.revision)?.terms ?? order.terms;
  const touched = Object.values(impact.counts).some((count) => count > 0);
  const changed = impact.changes !== null && Object.values(impact.changes).some((count) => count > 0);
  if (!touched && !changed) {
    return (
      <Empty title="It touches no device">
        {impact.fleet === 0
          ? 'No device is enrolled yet. Orders can be prepared before that.'
          : 'Nobody is where the order is, belongs there or could be there, as far as is known now.'}
      </Empty>
    );
  }
  return (
    <Stack gap="xl">
      {impact.changes !== null && impact.against !== null && (
        <Section title={`What it changes against revision ${impact.against}`}>
          <ChangeBar changes={impact.changes} chosen={asked.change} choose={(change) => set({ change })} />
        </Section>
      )}
      <Grid gap="xl">
        <Grid.Col span={{ base: 12, lg: 5 }}>
          <Section title="Whom it touches">
            <ImpactBars impact={impact} chosen={asked.class} choose={(one) => set({ class: one ?? undefined })} />
          </Section>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 7 }}>
          <Section title="Where they are">
            <RehearsalPlaces
              terms={terms}
              begun={asked.revision === order.adoptedRevision && Date.parse(terms.effective) <= now}
              places={impact.places}
              chosen={asked.area}
              choose={(area) => set({ area: area ?? undefined })}
            />
          </Section>
        </Grid.Col>
      </Grid>
      <Section title="Which devices" actions={<Files order={order} asked={asked} total={impact.total} />}>
        <Filter asked={asked} set={set} />
        {impact.total === 0 ? (
          <Text size="sm">There is none at present.</Text>
        ) : (
          <DeviceRows devices={impact.devices} />
        )}
        <Pages offset={offset} size={PAGE} total={impact.total} go={(next) => set({ offset: next })} />
      </Section>
    </Stack>
  );
}

/** In words what is shown, and the way back to all. */
function Filter({ asked, set }: { readonly asked: RehearsalAsked; readonly set: (next: RehearsalSearch) => void }) {
  const { class: chosen, change, area } = asked;
  const parts = [
    ...(change ? [`${CHANGE_NAMES[change]}: ${CHANGE_MEANING[change]}`] : []),
    ...(chosen ? [`${CLASS_NAMES[chosen]}: ${CLASS_MEANING[chosen]}`] : []),
    ...(area === null ? [] : [`In ${areaName(area)}, or perhaps there.`]),
  ];
  if (parts.length === 0) return <Text size="sm">Every device that it touches, by handle.</Text>;
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
        Show all
      </Button>
    </Group>
  );
}

function Files({
  order,
  asked,
  total,
}: {
  readonly order: OrderView;
  readonly asked: RehearsalAsked;
  readonly total: number;
}) {
  const may = useMay();
  const [naming, setNaming] = useState(false);
  const saving = useMutation({
    mutationFn: () => saveFile(rehearsalPath(order.number, '.csv', asked), { method: 'GET' }),
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
          Table by handle
        </Button>
      )}
      {may('orders.impact-names') && (
        <Button size="xs" variant="default" aria-haspopup="dialog" onClick={() => setNaming(true)}>
          Names, sealed…
        </Button>
      )}
      <NamesDialog
        asked={
          naming
            ? {
                path: rehearsalPath(order.number, '/names'),
                given: Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null)),
                which: 'that the list shows now',
                devices: total,
              }
            : null
        }
        close={() => setNaming(false)}
      />
    </>
  );
}
