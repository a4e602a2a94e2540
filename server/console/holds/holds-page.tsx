import { Button, Paper, SegmentedControl, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { useMay } from '../client/session.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { Page } from '../parts/page.tsx';
import { HOLD_MEANING } from '../words/holds.ts';
import { HoldDialog } from './hold-dialog.tsx';
import { HoldView } from './hold-view.tsx';
import { holdsQuery } from './queries.ts';

const route = getRouteApi('/holds');

export function HoldsPage() {
  const may = useMay();
  const { released = false } = route.useSearch();
  const navigate = route.useNavigate();
  const [placing, { open, close }] = useDisclosure(false);
  const placeButton = may('legal-holds.place') && <Button onClick={open}>Place legal hold…</Button>;
  return (
    <Page title="Legal holds" lead={<Lead />} actions={placeButton}>
      <div>
        <SegmentedControl
          aria-label="State of legal holds"
          data={[
            { value: 'standing', label: 'Active' },
            { value: 'released', label: 'Released' },
          ]}
          value={released ? 'released' : 'standing'}
          onChange={(value) => void navigate({ search: value === 'released' ? { released: true } : {} })}
        />
      </div>
      <List key={String(released)} released={released} />
      <HoldDialog opened={placing} close={close} />
    </Page>
  );
}

const Lead = () => (
  <Text c="dimmed" maw={760}>
    {HOLD_MEANING}
  </Text>
);

function List({ released }: { readonly released: boolean }) {
  const pages = useCursorPages<string>();
  const page = useQuery({
    ...holdsQuery(released, pages.cursor),
    placeholderData: (previous) => previous,
  });
  return (
    <QueryResult query={page}>
      {({ holds, people, cursor }) =>
        holds.length === 0 ? (
          <Nothing released={released} />
        ) : (
          <Stack>
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {holds.map((hold) => (
                <Paper key={hold.id} component="li" withBorder p="md">
                  <HoldView hold={hold} people={people} />
                </Paper>
              ))}
            </Stack>
            <CursorPager pages={pages} next={cursor} />
          </Stack>
        )
      }
    </QueryResult>
  );
}

function Nothing({ released }: { readonly released: boolean }) {
  return released ? (
    <Empty title="No released legal holds">
      Released legal holds appear here, each with the reason for its release.
    </Empty>
  ) : (
    <Empty title="No active legal holds">
      A legal hold keeps the data of a person’s devices for a case, an audit or an investigation. Place a legal hold on
      a person here, or on a single device on the page of that device.
    </Empty>
  );
}
