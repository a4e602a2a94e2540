import { Select, Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { jobDeviceList } from '../../../shared/api/jobs.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { PageLink } from '../parts/links.tsx';
import { Moment } from '../parts/words.tsx';
import { OutputButton } from '../scripts/output-button.tsx';
import { COMMAND_STATE_NAMES, type CommandState } from '../words/commands.ts';
import { COMMAND_STATE_ORDER } from './job-words.ts';

/** Devices of a job with their results, page by page, optionally only those in one state. */
export function JobDevices({ id, isScript }: { readonly id: string; readonly isScript: boolean }) {
  const [state, setState] = useState<CommandState | null>(null);
  return (
    <Stack gap="sm">
      <Select
        label="State"
        placeholder="All states"
        clearable
        styles={{ wrapper: { maxWidth: 220 } }}
        data={COMMAND_STATE_ORDER.map((value) => ({ value, label: COMMAND_STATE_NAMES[value] }))}
        value={state}
        onChange={(value) => setState(COMMAND_STATE_ORDER.find((one) => one === value) ?? null)}
      />
      <Devices key={state} id={id} state={state} isScript={isScript} />
    </Stack>
  );
}

function Devices({
  id,
  state,
  isScript,
}: {
  readonly id: string;
  readonly state: CommandState | null;
  readonly isScript: boolean;
}) {
  const now = useNow(10_000);
  const pages = useCursorPages<string>();
  const path = withQuery(`/jobs/${encodeURIComponent(id)}/devices`, {
    state: state ?? undefined,
    after: pages.cursor ?? undefined,
  });
  const query = useQuery({ ...topicQuery(['commands'], path, jobDeviceList), placeholderData: keepPreviousData });
  return (
    <QueryResult query={query}>
      {({ devices, next }) =>
        devices.length === 0 ? (
          <Text size="sm" c="dimmed">
            {state === null ? 'No device has joined the job yet.' : 'No device of the job is in this state.'}
          </Text>
        ) : (
          <Stack gap="sm">
            <Table.ScrollContainer minWidth={560}>
              <Table aria-label="Devices of the job">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>User</Table.Th>
                    <Table.Th>Host</Table.Th>
                    <Table.Th>Wave</Table.Th>
                    <Table.Th>State</Table.Th>
                    <Table.Th>Finished</Table.Th>
                    <Table.Th>Detail</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {devices.map((row) => (
                    <Table.Tr key={row.device}>
                      <Table.Td>
                        <PageLink to="/devices/$id" params={{ id: row.device }}>
                          <UserText>{row.user}</UserText>
                        </PageLink>
                      </Table.Td>
                      <Table.Td>{row.host !== null && <UserText>{row.host}</UserText>}</Table.Td>
                      <Table.Td>{row.wave}</Table.Td>
                      <Table.Td>
                        {row.released || row.state !== 'queued' ? COMMAND_STATE_NAMES[row.state] : 'Waits for its wave'}
                        {row.attempt > 1 && `, attempt ${row.attempt}`}
                      </Table.Td>
                      <Table.Td>{row.finishedAt !== null && <Moment at={row.finishedAt} now={now} />}</Table.Td>
                      <Table.Td>
                        {row.detail && <UserText>{row.detail}</UserText>}{' '}
                        {isScript && row.state !== 'queued' && <OutputButton command={row.command} of={row.user} />}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <CursorPager pages={pages} next={next} />
          </Stack>
        )
      }
    </QueryResult>
  );
}
