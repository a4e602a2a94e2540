/** Result of an exit (deletion of work data on the affected devices), as in the certificate of destruction of the evidence pack. */
import { List, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { OrderExit as OrderExitView } from '../../../shared/api/order-rollout.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { EXIT_OUTCOMES } from '../../../shared/pack/destruction.ts';
import {
  destroyedWords,
  OUTCOME_WORDS,
  REMAINING_DATA,
  REMAINING_DEVICES,
} from '../../../shared/pack/destruction-words.ts';
import { Moment } from '../parts/words.tsx';
import { exitQuery } from './queries.ts';

export function OrderExit({ number }: { readonly number: string }) {
  const query = useQuery(exitQuery(number));
  return (
    <QueryResult query={query}>
      {({ exit }) =>
        exit === null ? (
          <Text>
            No exit (end of service with deletion of work data) was approved, so no device wiped its data. You can
            propose an exit after the export window ends.
          </Text>
        ) : (
          <Destruction exit={exit} />
        )
      }
    </QueryResult>
  );
}

function Destruction({ exit }: { readonly exit: OrderExitView }) {
  const rows = [
    ...EXIT_OUTCOMES.map((outcome) => ({ count: exit[outcome], words: OUTCOME_WORDS[outcome] })),
    ...REMAINING_DEVICES.map(({ field, words }) => ({ count: exit[field], words })),
  ];
  return (
    <Stack gap="md">
      <Text>
        Two people approved the exit with revision {exit.revision}, <Moment at={exit.adoptedAt} />. The server ends the
        enrollment of devices that do not respond <Moment at={exit.silentAfter} />. Devices that the order affects later
        have 30 days to respond.
      </Text>
      <Rows caption="Devices" rows={rows.map(({ count, words }) => [String(count), words])} />
      <Rows
        caption="Data deleted on the server, with reasons"
        rows={destroyedWords(exit.destroyed).map(({ what, rule }) => [what, rule])}
      />
      <div>
        <Text fw={600} size="sm">
          Kept data, with reasons
        </Text>
        <List size="sm" listStyleType="none" spacing={2}>
          {REMAINING_DATA.map(({ what, why }) => (
            <List.Item key={what}>
              {what}.{' '}
              <Text span inherit c="dimmed">
                {why}
              </Text>
            </List.Item>
          ))}
        </List>
      </div>
      <Text size="sm" c="dimmed">
        The evidence pack contains the certificate of destruction, with the proof for each device.
      </Text>
    </Stack>
  );
}

function Rows({ caption, rows }: { readonly caption: string; readonly rows: readonly (readonly [string, string])[] }) {
  return (
    <Table captionSide="top" withRowBorders={false} verticalSpacing={4}>
      <Table.Caption ta="start" fw={600}>
        {caption}
      </Table.Caption>
      <Table.Tbody>
        {rows.map(([head, words]) => (
          <Table.Tr key={words}>
            <Table.Th scope="row" style={{ verticalAlign: 'top', inlineSize: '30%' }}>
              {head}
            </Table.Th>
            <Table.Td>{words}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
