import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import { inventorySections } from '../../../shared/api/inventory.ts';
import { Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { Moment } from '../parts/words.tsx';
import { sectionsQuery } from './queries.ts';

type Sections = z.output<typeof inventorySections>;

export function CollectedSections() {
  const query = useQuery(sectionsQuery);
  return (
    <Stack>
      <Text c="dimmed" maw={760}>
        Agents can report these sections and nothing else. Users see the same list with “cordon-agent privacy”. After
        you switch a section on, each device reports it only after it has displayed the change to its user.
      </Text>
      <QueryResult query={query}>{(view) => <List view={view} />}</QueryResult>
    </Stack>
  );
}

function List({ view }: { readonly view: Sections }) {
  const may = useMay();
  const client = useQueryClient();
  const changing = useMutation({
    mutationFn: (off: readonly string[]) => call('POST', '/inventory-sections', inventorySections, { off }),
    onSuccess: (data) => client.setQueryData(sectionsQuery.queryKey, data),
  });
  const off = view.sections.filter(({ on }) => !on).map(({ section }) => section);
  const toggle = (section: string, on: boolean) =>
    changing.mutate(on ? off.filter((each) => each !== section) : [...off, section]);
  return (
    <Stack gap="xs">
      {changing.isError && <Failure error={changing.error} />}
      <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Sections">
        {view.sections.map((section) => (
          <Entry
            key={section.section}
            section={section}
            change={may('inventory-sections.change') && !section.fixed ? (on) => toggle(section.section, on) : null}
            busy={changing.isPending}
          />
        ))}
      </Stack>
      {view.changedAt !== null && (
        <Text size="sm" c="dimmed">
          Changed <Moment at={view.changedAt} /> by <UserText>{view.changedBy ?? 'a deleted account'}</UserText>
        </Text>
      )}
    </Stack>
  );
}

function Entry({
  section: { title, meaning, on, fixed, personal },
  change,
  busy,
}: {
  readonly section: Sections['sections'][number];
  readonly change: ((on: boolean) => void) | null;
  readonly busy: boolean;
}) {
  return (
    <Paper component="li" withBorder p="md">
      <Group justify="space-between" gap="sm">
        <Stack gap={2} style={{ minWidth: 0, flex: '1 1 16rem' }}>
          <Group gap="xs">
            <Text fw={600}>{title}</Text>
            <Badge color={on ? 'green' : 'gray'} variant="light">
              {on ? 'Reported' : 'Switched off'}
            </Badge>
            {personal && (
              <Badge color="yellow" variant="light">
                Personal
              </Badge>
            )}
          </Group>
          <Text size="sm" c="dimmed">
            {meaning}.{fixed && ' Always reported, because admins recognize devices by it.'}
          </Text>
        </Stack>
        {change && (
          <Button
            size="xs"
            variant="default"
            disabled={busy}
            onClick={() => change(!on)}
            aria-label={`Switch ${on ? 'off' : 'on'} ${title}`}
          >
            {on ? 'Switch off' : 'Switch on'}
          </Button>
        )}
      </Group>
    </Paper>
  );
}
