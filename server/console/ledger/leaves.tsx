/** Entries, the newest first, each with its proof on demand. */
import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { inclusionView, leafList } from '../../../shared/api/ledger.ts';
import { checkInclusion } from '../../../shared/ledger/check-answer.ts';
import type { Leaf } from '../../../shared/ledger/leaf.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Empty, Failure } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { call, withQuery } from '../client/call.ts';
import { question } from '../client/queries.ts';
import { PageLink } from '../parts/links.tsx';
import { leafName, orderOf, particulars } from './leaf-words.ts';

const PAGE = 50;

export function Leaves({ size, verifierKey }: { readonly size: number; readonly verifierKey: string }) {
  /** How many of the newest are passed over. */
  const [skipped, setSkipped] = useState(0);
  const to = Math.max(0, size - skipped);
  const from = Math.max(0, to - PAGE);
  const leaves = useQuery({
    ...question([], withQuery('/ledger/leaves', { from, limit: Math.max(1, to - from) }), leafList),
    placeholderData: (previous) => previous,
  });
  if (size === 0) return <Empty title="No entry yet">The first is made with the first certificate.</Empty>;
  return (
    <Stack>
      <Answer query={leaves}>
        {({ leaves: shown }) => (
          <Stack gap="xs" component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
            {shown.toReversed().map(({ index, leaf }) => (
              <Entry key={index} index={index} leaf={leaf} verifierKey={verifierKey} />
            ))}
          </Stack>
        )}
      </Answer>
      <Group justify="space-between">
        <Button
          variant="default"
          size="xs"
          disabled={skipped === 0}
          onClick={() => setSkipped(Math.max(0, skipped - PAGE))}
        >
          Newer
        </Button>
        <Text size="sm" c="dimmed" aria-live="polite">
          {(from + 1).toLocaleString('en')} to {to.toLocaleString('en')} of {size.toLocaleString('en')}
        </Text>
        <Button variant="default" size="xs" disabled={from === 0} onClick={() => setSkipped(skipped + PAGE)}>
          Older
        </Button>
      </Group>
    </Stack>
  );
}

function Entry({
  index,
  leaf,
  verifierKey,
}: {
  readonly index: number;
  readonly leaf: Leaf;
  readonly verifierKey: string;
}) {
  const order = orderOf(leaf);
  const prove = useMutation({
    mutationFn: async () => {
      const answer = await call('GET', withQuery('/ledger/inclusion', { index }), inclusionView);
      const { checkpoint } = await checkInclusion(answer, index, verifierKey);
      return { size: checkpoint.size, hashes: answer.proof.length };
    },
  });
  return (
    <Paper component="li" withBorder px="md" py="sm">
      <Group justify="space-between" gap="sm">
        <div>
          <Text fw={500}>
            {leafName(leaf)}{' '}
            {order && (
              <PageLink to="/orders/$number" params={{ number: order }} underline="always">
                {order}
              </PageLink>
            )}
          </Text>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {index.toLocaleString('en')} · {dateTime(leaf.at)} · <Given>{particulars(leaf)}</Given>
          </Text>
        </div>
        <div aria-live="polite">
          {prove.data ? (
            <Badge color="green">
              Proved by {prove.data.hashes} hashes under {prove.data.size.toLocaleString('en')} entries
            </Badge>
          ) : (
            <Button
              size="compact-sm"
              variant="default"
              loading={prove.isPending}
              aria-label={`Prove entry ${index}`}
              onClick={() => prove.mutate()}
            >
              Prove
            </Button>
          )}
        </div>
      </Group>
      {prove.isError && <Failure error={prove.error} />}
    </Paper>
  );
}
