import { Badge, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { DisclosureView } from '../../../shared/api/disclosures.ts';
import { windowWords } from '../../../shared/disclosure/describe.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { relative } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { REQUEST_STATES } from './disclosure-words.ts';
import { requestsQuery } from './queries.ts';
import { RecordDemand } from './record-demand.tsx';
import { utcTime } from './utc-time.ts';

export function Requests() {
  const may = useMay();
  const pages = useCursorPages<string>();
  const query = useQuery({ ...requestsQuery(pages.cursor), placeholderData: (previous) => previous });
  return (
    <Stack>
      {may('disclosures.draft') && (
        <Group gap="xs">
          <ButtonLink to="/disclosures/new">New request</ButtonLink>
          <RecordDemand />
        </Group>
      )}
      <QueryResult query={query}>
        {({ disclosures, cursor }) =>
          disclosures.length === 0 ? (
            <NoRequests />
          ) : (
            <Stack>
              <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
                {disclosures.map((request) => (
                  <li key={request.id}>
                    <RequestCard request={request} />
                  </li>
                ))}
              </Stack>
              <CursorPager pages={pages} next={cursor} />
            </Stack>
          )
        }
      </QueryResult>
    </Stack>
  );
}

function NoRequests() {
  return (
    <Empty title="No requests">
      The desk answers the request of one authority for the records of one account. It refuses every wider demand. First
      add the authority, verify its key with a second person, and enter the request with its legal instrument.
    </Empty>
  );
}

function RequestCard({ request }: { readonly request: DisclosureView }) {
  const { id, state, authority, instrument, window, person, approved, needed, obstacle } = request;
  const may = useMay();
  const mine = state === 'drafted' && obstacle === null && may('disclosures.approve');
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" align="flex-start" gap="xs">
        <div style={{ minWidth: 0, flex: '1 1 18rem', overflowWrap: 'anywhere' }}>
          <Title order={2} size="h4">
            <PageLink to="/disclosures/$id" params={{ id }} fw={600}>
              <UserText>{authority.name}</UserText>: <UserText>{instrument.reference}</UserText>
            </PageLink>
          </Title>
          <Text size="sm">{person === null ? 'One account' : <UserText>{person.name}</UserText>}</Text>
          <Text size="sm" c="dimmed">
            {windowWords(window)}
          </Text>
          <Deadline request={request} />
        </div>
        <Stack gap={4} align="flex-end" ml="auto">
          <StateBadge state={state} />
          {state === 'drafted' && (
            <Text size="sm" c="dimmed">
              {approved} of {needed} approvals
            </Text>
          )}
          {mine && <Badge variant="filled">Pending for you</Badge>}
        </Stack>
      </Group>
    </Paper>
  );
}

export const StateBadge = ({ state }: { readonly state: DisclosureView['state'] }) => (
  <Badge color={REQUEST_STATES[state].color}>{REQUEST_STATES[state].label}</Badge>
);

/** Deadline of the authority. The words say that it has passed, so the color is not the only sign. */
export function Deadline({
  request: { deadline, state },
}: {
  readonly request: Pick<DisclosureView, 'deadline' | 'state'>;
}) {
  const now = useServerNow(60_000);
  if (deadline === null) return null;
  const at = Date.parse(deadline);
  const open = state === 'drafted' || state === 'approved';
  const late = open && at < now;
  return (
    <Text size="sm" {...(late && { c: 'var(--mantine-color-error)', fw: 600 })}>
      {late ? 'Deadline passed' : 'Deadline'}: {utcTime(at)}
      {open && `, ${relative(at, now)}`}
    </Text>
  );
}
