/** Lines that a request would produce now. The server records each access in the ledger before it sends the lines. */
import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { DisclosureDetail, ProductionLine } from '../../../shared/api/disclosures.ts';
import { RECORD_TYPE_FACTS } from '../../../shared/disclosure/record-types.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { previewQuery } from './queries.ts';
import { utcTime } from './utc-time.ts';

const LINES = 200;

export function RequestPreview({ request: { id, version } }: { readonly request: DisclosureDetail }) {
  const [asked, setAsked] = useState(false);
  const [offset, setOffset] = useState(0);
  const query = useQuery({ ...previewQuery(id, offset, LINES), enabled: asked });
  if (!asked) {
    return (
      <Stack gap="xs" align="flex-start">
        <Text size="sm" c="dimmed">
          Read line by line what this request would produce. The public ledger records each access, without the lines.
          People who drafted or narrowed the request cannot see the records. One person can see the records of at most 5
          people in 24 hours.
        </Text>
        <Button variant="default" onClick={() => setAsked(true)}>
          Show records
        </Button>
      </Stack>
    );
  }
  return (
    <QueryResult query={query}>
      {({ total, lines, records, version: shown }) => (
        <Stack>
          {shown !== version && <Text size="sm">These are the records of version {shown}. Load the page again.</Text>}
          <Table aria-label="Records by type">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Record type</Table.Th>
                <Table.Th ta="right">Lines</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {records.map(({ record, title, kept, lines: count }) => (
                <Table.Tr key={record}>
                  <Table.Td>
                    {title}
                    <Text size="xs" c="dimmed">
                      Kept: {kept}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">{count.toLocaleString('en')}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          {total === 0 ? (
            <Text size="sm">No records exist. The production would have no lines.</Text>
          ) : (
            <Lines lines={lines} offset={offset} />
          )}
          <Pager total={total} offset={offset} go={setOffset} />
        </Stack>
      )}
    </QueryResult>
  );
}

function Lines({ lines, offset }: { readonly lines: readonly ProductionLine[]; readonly offset: number }) {
  return (
    <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table aria-label="Lines of the production">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Line</Table.Th>
            <Table.Th>Record type</Table.Th>
            <Table.Th>Time</Table.Th>
            <Table.Th>Fields</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map(({ record, at, fields }, index) => (
            <Table.Tr key={`${record} ${at} ${JSON.stringify(fields)}`}>
              <Table.Td>{offset + index + 1}</Table.Td>
              <Table.Td>{RECORD_TYPE_FACTS[record].title}</Table.Td>
              <Table.Td>{utcTime(at)}</Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                {Object.entries(fields).map(([field, value]) => (
                  <div key={field}>
                    {field}: {value === null ? 'none' : <UserText>{String(value)}</UserText>}
                  </div>
                ))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Pager({
  total,
  offset,
  go,
}: {
  readonly total: number;
  readonly offset: number;
  readonly go: (offset: number) => void;
}) {
  if (total <= LINES) return null;
  return (
    <Group justify="space-between">
      <Button variant="default" size="xs" disabled={offset === 0} onClick={() => go(Math.max(0, offset - LINES))}>
        Previous lines
      </Button>
      <Text size="sm" c="dimmed" role="status">
        Lines {offset + 1} to {Math.min(total, offset + LINES)} of {total.toLocaleString('en')}
      </Text>
      <Button variant="default" size="xs" disabled={offset + LINES >= total} onClick={() => go(offset + LINES)}>
        Next lines
      </Button>
    </Group>
  );
}
