/** Legal holds: those that stand, and those that were released. */
import { Button, Group, Paper, SegmentedControl, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { Answer, Empty } from '../../../shared/look/states.tsx';
import { useMay } from '../client/session.tsx';
import { Page } from '../parts/page.tsx';
import { HOLD_MEANING } from '../words/holds.ts';
import { HoldView } from './hold-view.tsx';
import { PlaceDialog } from './place-dialog.tsx';
import { holdsQuestion } from './queries.ts';

const route = getRouteApi('/holds');

export function HoldsPage() {
  const may = useMay();
  const { released = false } = route.useSearch();
  const navigate = route.useNavigate();
  const [placing, { open, close }] = useDisclosure(false);
  const place = may('legal-holds.place') && <Button onClick={open}>Place a hold…</Button>;
  return (
    <Page title="Legal holds" lead={<Lead />} actions={place}>
      <div>
        <SegmentedControl
          aria-label="Which holds are shown"
          data={[
            { value: 'standing', label: 'Standing' },
            { value: 'released', label: 'Released' },
          ]}
          value={released ? 'released' : 'standing'}
          onChange={(value) => void navigate({ search: value === 'released' ? { released: true } : {} })}
        />
      </div>
      <List key={String(released)} released={released} />
      <PlaceDialog opened={placing} close={close} />
    </Page>
  );
}

const Lead = () => (
  <Text c="dimmed" maw={760}>
    {HOLD_MEANING}
  </Text>
);

function List({ released }: { readonly released: boolean }) {
  /** Where the pages before began, and this one; null: at the newest. */
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  const page = useQuery({
    ...holdsQuestion(released, cursors.at(-1) ?? null),
    placeholderData: (previous) => previous,
  });
  return (
    <Answer query={page}>
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
            {(cursor !== null || cursors.length > 1) && (
              <Group justify="space-between">
                <Button
                  variant="default"
                  size="xs"
                  disabled={cursors.length === 1}
                  onClick={() => setCursors(cursors.slice(0, -1))}
                >
                  Newer
                </Button>
                <Button
                  variant="default"
                  size="xs"
                  disabled={cursor === null}
                  onClick={() => setCursors([...cursors, cursor])}
                >
                  Older
                </Button>
              </Group>
            )}
          </Stack>
        )
      }
    </Answer>
  );
}

function Nothing({ released }: { readonly released: boolean }) {
  return released ? (
    <Empty title="None was released">A hold that is released is listed here, with who released it and why.</Empty>
  ) : (
    <Empty title="No hold stands">
      When a case, an audit or an investigation may need what somebody’s devices hold, place a hold on that person here,
      or on one device on its page, before anything is removed.
    </Empty>
  );
}
