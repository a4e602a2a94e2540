/** Links that were made: who they are for, and whether they still work. The secret is not among it. */
import { Badge, Button, ScrollArea, Table, Text, VisuallyHidden } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { codeList, type codeView } from '../../../shared/api/codes.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Empty } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { groupsQuery, question } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { PageLink } from '../parts/links.tsx';
import { Moment } from '../parts/words.tsx';

type CodeView = z.output<typeof codeView>;
const codesQuery = question(['devices'], '/codes', codeList);

const STATES = {
  open: { word: 'Waits for its device', color: 'blue' },
  used: { word: 'Used', color: 'green' },
  expired: { word: 'Expired', color: 'gray' },
  cancelled: { word: 'Cancelled', color: 'gray' },
} as const;

export function CodeList() {
  const codes = useQuery(codesQuery);
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const may = useMay();
  const client = useQueryClient();
  const now = useNow(10_000);
  const [cancelling, setCancelling] = useState<CodeView | null>(null);
  return (
    <Answer query={codes}>
      {({ codes: all }) =>
        all.length === 0 ? (
          <Empty title="No link yet">A link that was made is listed here until some time after it was used.</Empty>
        ) : (
          <>
            <ScrollArea viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Activation links' }}>
              <Table miw={640}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">For</Table.Th>
                    <Table.Th scope="col">Group</Table.Th>
                    <Table.Th scope="col">State</Table.Th>
                    <Table.Th scope="col">Made</Table.Th>
                    <Table.Th scope="col">Expires</Table.Th>
                    <Table.Th scope="col">
                      <VisuallyHidden>Acts</VisuallyHidden>
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {all.map((code) => (
                    <Table.Tr key={code.id}>
                      <Table.Td>
                        {code.state === 'used' ? (
                          <PageLink to="/devices/$id" params={{ id: code.id }}>
                            <Given>{code.user}</Given>
                          </PageLink>
                        ) : (
                          <Given>{code.user}</Given>
                        )}
                      </Table.Td>
                      <Table.Td>
                        <Given>{groups.find(({ id }) => id === code.group)?.name ?? code.group}</Given>
                      </Table.Td>
                      <Table.Td>
                        <Badge color={STATES[code.state].color}>{STATES[code.state].word}</Badge>
                      </Table.Td>
                      <Table.Td>
                        <Moment at={code.createdAt} now={now} />
                      </Table.Td>
                      <Table.Td>{code.state === 'open' ? <Moment at={code.expiresAt} now={now} /> : null}</Table.Td>
                      <Table.Td ta="end">
                        {code.state === 'open' && may('codes.cancel') && (
                          <Button size="compact-xs" variant="default" onClick={() => setCancelling(code)}>
                            Cancel<VisuallyHidden> the link for {code.user}</VisuallyHidden>
                          </Button>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </ScrollArea>
            <Confirm
              title="Cancel this link?"
              opened={cancelling !== null}
              close={() => setCancelling(null)}
              verb="Cancel the link"
              act={async () => {
                await call('DELETE', `/codes/${cancelling?.id}`, done);
                await client.invalidateQueries({ queryKey: codesQuery.queryKey });
              }}
            >
              <Text>
                Nobody can enrol with the link for <Given>{cancelling?.user ?? ''}</Given> after that. Another one can
                be made at any time.
              </Text>
            </Confirm>
          </>
        )
      }
    </Answer>
  );
}
