/** List of activation links with their states, without the secrets of the links. */
import { Badge, Button, ScrollArea, SegmentedControl, Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { codePage, type codeView } from '../../../shared/api/codes.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call, withQuery } from '../client/call.ts';
import { groupsQuery, topicQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { PageLink } from '../parts/links.tsx';
import { Moment } from '../parts/words.tsx';

type CodeView = z.output<typeof codeView>;
type State = CodeView['state'];

const PAGE = 20;

const STATES = {
  open: { label: 'Pending', color: 'blue' },
  used: { label: 'Used', color: 'green' },
  expired: { label: 'Expired', color: 'gray' },
  canceled: { label: 'Canceled', color: 'gray' },
} as const;

const FILTERS = [
  { value: 'all', label: 'All' },
  { value: 'open', label: 'Open' },
  { value: 'used', label: 'Used' },
  { value: 'expired', label: 'Expired' },
  { value: 'canceled', label: 'Canceled' },
];

export function CodeList() {
  const [state, setState] = useState<State | null>(null);
  return (
    <Stack>
      <SegmentedControl
        aria-label="Link state"
        data={FILTERS}
        value={state ?? 'all'}
        onChange={(value) => setState(value in STATES ? (value as State) : null)}
        style={{ alignSelf: 'flex-start', maxWidth: '100%' }}
      />
      <Pages key={state} state={state} />
    </Stack>
  );
}

function Pages({ state }: { readonly state: State | null }) {
  const pages = useCursorPages<string>();
  const path = withQuery('/codes', { state, limit: PAGE, cursor: pages.cursor });
  const query = useQuery({ ...topicQuery(['devices'], path, codePage), placeholderData: keepPreviousData });
  return (
    <QueryResult query={query}>
      {({ codes, cursor }) =>
        codes.length === 0 && pages.page === 1 ? (
          <Nothing state={state} />
        ) : (
          <Stack>
            <Codes codes={codes} />
            <CursorPager pages={pages} next={cursor} />
          </Stack>
        )
      }
    </QueryResult>
  );
}

function Nothing({ state }: { readonly state: State | null }) {
  const may = useMay();
  const next = may('codes.create')
    ? 'Select a person and a group above, and create a link. Then start the Cordon agent on the device and paste the link.'
    : 'Your role cannot create activation links. Ask an admin who can enroll devices.';
  if (state === null) return <Empty title="No activation links">{next}</Empty>;
  if (state === 'open') return <Empty title="No pending links">{next}</Empty>;
  return (
    <Empty title={`No ${STATES[state].label.toLowerCase()} links`}>
      Select “All” to see used, expired and canceled links.
    </Empty>
  );
}

function Codes({ codes }: { readonly codes: readonly CodeView[] }) {
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const may = useMay();
  const client = useQueryClient();
  const now = useNow(10_000);
  const [canceling, setCanceling] = useState<CodeView | null>(null);
  return (
    <>
      <ScrollArea viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Activation links' }}>
        <Table miw={640}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">User</Table.Th>
              <Table.Th scope="col">Group</Table.Th>
              <Table.Th scope="col">State</Table.Th>
              <Table.Th scope="col">Created</Table.Th>
              <Table.Th scope="col">Expires</Table.Th>
              <Table.Th scope="col">
                <VisuallyHidden>Actions</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {codes.map((code) => (
              <Table.Tr key={code.id}>
                <Table.Td>
                  {code.state === 'used' ? (
                    <PageLink to="/devices/$id" params={{ id: code.id }}>
                      <UserText>{code.user}</UserText>
                    </PageLink>
                  ) : (
                    <UserText>{code.user}</UserText>
                  )}
                </Table.Td>
                <Table.Td>
                  <UserText>{groups.find(({ id }) => id === code.group)?.name ?? code.group}</UserText>
                </Table.Td>
                <Table.Td>
                  <Badge miw="max-content" color={STATES[code.state].color}>
                    {STATES[code.state].label}
                  </Badge>
                  {code.mailConnector && (
                    <Text size="xs" c="dimmed">
                      Mail connector
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <Moment at={code.createdAt} now={now} />
                </Table.Td>
                <Table.Td>{code.state === 'open' ? <Moment at={code.expiresAt} now={now} /> : null}</Table.Td>
                <Table.Td ta="end">
                  {code.state === 'open' && may('codes.cancel') && (
                    <Button size="compact-xs" variant="default" onClick={() => setCanceling(code)}>
                      Cancel link<VisuallyHidden> for {code.user}</VisuallyHidden>
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
      <Confirm
        title="Cancel activation link"
        opened={canceling !== null}
        close={() => setCanceling(null)}
        verb="Cancel link"
        dismiss="Keep link"
        act={async () => {
          await call('DELETE', `/codes/${canceling?.id}`, done);
          await client.invalidateQueries({ queryKey: ['devices'] });
        }}
      >
        <Text>
          The activation link for <UserText>{canceling?.user ?? ''}</UserText> stops working. You can create a new link
          at any time.
        </Text>
      </Confirm>
    </>
  );
}
