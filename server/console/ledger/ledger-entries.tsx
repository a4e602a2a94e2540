import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { inclusionView, ledgerEntryList } from '../../../shared/api/ledger.ts';
import { checkInclusion } from '../../../shared/ledger/check-proofs.ts';
import type { LedgerEntry } from '../../../shared/ledger/ledger-entry.ts';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call, withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { PageLink } from '../parts/links.tsx';
import { entryName, orderOf, particulars } from './entry-words.ts';

const PAGE = 50;

export function LedgerEntries({ size, verifierKey }: { readonly size: number; readonly verifierKey: string }) {
  const [skipped, setSkipped] = useState(0);
  const to = Math.max(0, size - skipped);
  const from = Math.max(0, to - PAGE);
  const entries = useQuery({
    ...topicQuery([], withQuery('/ledger/entries', { from, limit: Math.max(1, to - from) }), ledgerEntryList),
    placeholderData: (previous) => previous,
  });
  if (size === 0)
    return (
      <Empty title="No ledger entries">
        The first ledger entry appears when the server issues its first certificate.
      </Empty>
    );
  return (
    <Stack>
      <QueryResult query={entries}>
        {({ entries }) => (
          <Stack gap="xs" component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
            {entries.toReversed().map(({ index, entry }) => (
              <Entry key={index} index={index} entry={entry} verifierKey={verifierKey} />
            ))}
          </Stack>
        )}
      </QueryResult>
      <Group justify="space-between">
        <Button
          variant="default"
          size="xs"
          disabled={skipped === 0}
          onClick={() => setSkipped(Math.max(0, skipped - PAGE))}
        >
          Newer entries
        </Button>
        <Text size="sm" c="dimmed" aria-live="polite">
          {(from + 1).toLocaleString('en')} to {to.toLocaleString('en')} of {size.toLocaleString('en')}
        </Text>
        <Button variant="default" size="xs" disabled={from === 0} onClick={() => setSkipped(skipped + PAGE)}>
          Older entries
        </Button>
      </Group>
    </Stack>
  );
}

function Entry({
  index,
  entry,
  verifierKey,
}: {
  readonly index: number;
  readonly entry: LedgerEntry;
  readonly verifierKey: string;
}) {
  const order = orderOf(entry);
  const prove = useMutation({
    mutationFn: async () => {
      const inclusion = await call('GET', withQuery('/ledger/inclusion', { index }), inclusionView);
      const { checkpoint } = await checkInclusion(inclusion, index, verifierKey);
      return { size: checkpoint.size, hashes: inclusion.proof.length };
    },
  });
  return (
    <Paper component="li" withBorder px="md" py="sm">
      <Group justify="space-between" gap="sm">
        <div>
          <Text fw={500}>
            {entryName(entry)}{' '}
            {order && (
              <PageLink to="/orders/$number" params={{ number: order }} underline="always">
                {order}
              </PageLink>
            )}
          </Text>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {index.toLocaleString('en')} · {dateTime(entry.at)} · <UserText>{particulars(entry)}</UserText>
          </Text>
        </div>
        <div aria-live="polite">
          {prove.data ? (
            <Badge color="green">
              Verified with {prove.data.hashes} hashes: in the ledger of {prove.data.size.toLocaleString('en')} entries
            </Badge>
          ) : (
            <Button
              size="compact-sm"
              variant="default"
              loading={prove.isPending}
              aria-label={`Verify entry ${index}`}
              onClick={() => prove.mutate()}
            >
              Verify entry
            </Button>
          )}
        </div>
      </Group>
      {prove.isError && <Failure error={prove.error} />}
    </Paper>
  );
}
