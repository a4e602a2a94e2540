/** Refused demands with the stored answer to each, and their number by reason in the last 12 months that have ended. */
import { Badge, Group, Paper, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { RefusalView } from '../../../shared/api/disclosures.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useMay } from '../client/session.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { PageLink } from '../parts/links.tsx';
import { Section } from '../parts/page.tsx';
import { SOURCE_NAMES } from './disclosure-words.ts';
import { refusalsQuery, reportQuery } from './queries.ts';
import { RecordDemand } from './record-demand.tsx';
import { utcTime } from './utc-time.ts';

export function Refusals() {
  const may = useMay();
  const pages = useCursorPages<string>();
  const query = useQuery({ ...refusalsQuery(pages.cursor), placeholderData: (previous) => previous });
  return (
    <Stack gap="xl">
      {may('disclosures.record-refusal') && (
        <div>
          <RecordDemand />
        </div>
      )}
      <QueryResult query={query}>
        {({ refusals, cursor }) =>
          refusals.length === 0 ? (
            <Empty title="No refusals">
              The desk records each demand that it refuses, with the reason and the answer to the authority.
            </Empty>
          ) : (
            <>
              <Counts />
              <Section title="Refused demands">
                <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
                  {refusals.map((refusal) => (
                    <Paper key={refusal.id} component="li" withBorder p="md">
                      <RefusalFacts refusal={refusal} />
                    </Paper>
                  ))}
                </Stack>
                <CursorPager pages={pages} next={cursor} />
              </Section>
            </>
          )
        }
      </QueryResult>
    </Stack>
  );
}

function Counts() {
  const query = useQuery(reportQuery({}));
  return (
    <QueryResult query={query}>
      {({ from, to, disclosures: { refused, refusedByReason } }) =>
        refused > 0 && (
          <Section title={`Refusals by reason, ${from} to ${to}`}>
            <ReasonTable counts={refusedByReason} total={refused} />
          </Section>
        )
      }
    </QueryResult>
  );
}

export function ReasonTable({
  counts,
  total,
}: {
  readonly counts: readonly { readonly reason: string; readonly title: string; readonly count: number }[];
  readonly total: number;
}) {
  const counted = counts.filter(({ count }) => count > 0);
  return (
    <Table aria-label="Refusals by reason" maw={640}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Reason</Table.Th>
          <Table.Th ta="right">Refusals</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {counted.map(({ reason, title, count }) => (
          <Table.Tr key={reason} data-reason={reason}>
            <Table.Td>{title}</Table.Td>
            <Table.Td ta="right">{count.toLocaleString('en')}</Table.Td>
          </Table.Tr>
        ))}
        <Table.Tr>
          <Table.Td fw={600}>All reasons</Table.Td>
          <Table.Td ta="right" fw={600}>
            {total.toLocaleString('en')}
          </Table.Td>
        </Table.Tr>
      </Table.Tbody>
    </Table>
  );
}

export function RefusalFacts({ refusal }: { readonly refusal: RefusalView }) {
  const { id, at, title, answer, source, disclosure, authority, reference, receivedOn, note, by } = refusal;
  return (
    <Stack gap={4} style={{ overflowWrap: 'anywhere' }}>
      <Group justify="space-between" align="flex-start" gap="xs">
        <Text fw={600}>{title}</Text>
        <Badge color="gray">{SOURCE_NAMES[source]}</Badge>
      </Group>
      <Text size="sm">Answer: {answer}</Text>
      <Text size="sm">
        {authority === null ? 'Authority not stated' : <UserText>{authority}</UserText>}
        {reference !== null && (
          <>
            , reference <UserText>{reference}</UserText>
          </>
        )}
        {receivedOn !== null && `, received on ${receivedOn}`}
      </Text>
      {note !== null && (
        <Text size="sm" dir="auto" style={{ whiteSpace: 'pre-wrap' }}>
          <UserText>{note}</UserText>
        </Text>
      )}
      <Text size="sm" c="dimmed">
        {id}, {utcTime(at)}, by <UserText>{by.name}</UserText>
        {disclosure !== null && (
          <>
            {' · '}
            <PageLink to="/disclosures/$id" params={{ id: disclosure }}>
              Show request
            </PageLink>
          </>
        )}
      </Text>
    </Stack>
  );
}
