/** What an exit has come to: the certificate of destruction, as far as it is. */
import { List, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { OrderExit as OrderExitView } from '../../../shared/api/orders.ts';
import { Answer } from '../../../shared/look/states.tsx';
import { EXIT_OUTCOMES } from '../../../shared/pack/destruction.ts';
import { destroyedWords, KEPT, OUTCOME_WORDS, REMAINING } from '../../../shared/pack/destruction-words.ts';
import { Moment } from '../parts/words.tsx';
import { exitQuery } from './queries.ts';

export function OrderExit({ number }: { readonly number: string }) {
  const query = useQuery(exitQuery(number));
  return (
    <Answer query={query}>
      {({ exit }) =>
        exit === null ? (
          <Text>
            Nothing was wiped: no exit has been approved. It can be proposed once people have had their time to export.
          </Text>
        ) : (
          <Destruction exit={exit} />
        )
      }
    </Answer>
  );
}

function Destruction({ exit }: { readonly exit: OrderExitView }) {
  const rows = [
    ...EXIT_OUTCOMES.map((outcome) => ({ count: exit[outcome], words: OUTCOME_WORDS[outcome] })),
    ...REMAINING.map(({ field, words }) => ({ count: exit[field], words })),
  ];
  return (
    <Stack gap="md">
      <Text>
        Two people approved it with revision {exit.revision}, <Moment at={exit.adoptedAt} />. Devices that have not
        answered by then are ended <Moment at={exit.silentAfter} />; those that it reaches later, 30 days after that.
      </Text>
      <Rows caption="Devices" rows={rows.map(({ count, words }) => [String(count), words])} />
      <Rows
        caption="Destroyed at the server, and by which rule"
        rows={destroyedWords(exit.destroyed).map(({ what, rule }) => [what, rule])}
      />
      <div>
        <Text fw={600} size="sm">
          Kept, and why
        </Text>
        <List size="sm" listStyleType="none" spacing={2}>
          {KEPT.map(({ what, why }) => (
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
        The evidence pack below has it as the certificate of destruction, device by device, with what proves it.
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
