import { Badge, ScrollArea, Stack, Table, Text } from '@mantine/core';
import type { ReassignmentLine, ReassignmentPreview } from '../../../../shared/api/reassignment.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { devicesText } from '../../actions/action-words.ts';

/** Maximum number of lines in the table. Refused lines come first, because the admin corrects them. */
const SHOWN = 100;

/** The server's decision about each line of a reassignment. */
export function PreviewLines({ preview: { affected, lines } }: { readonly preview: ReassignmentPreview }) {
  const refused = lines.filter(({ refusal }) => refusal !== null);
  const shown = [...refused, ...lines.filter(({ refusal }) => refusal === null)].slice(0, SHOWN);
  return (
    <Stack gap="xs" component="section" aria-label="Preview">
      <Text fw={600} aria-live="polite">
        {affected === 0
          ? 'No device gets a new owner'
          : `${devicesText(affected)} ${affected === 1 ? 'gets' : 'get'} a new owner`}
        {refused.length > 0 && `, ${refused.length.toLocaleString('en')} refused`}
      </Text>
      <ScrollArea.Autosize mah={260} type="auto" viewportProps={{ tabIndex: 0, 'aria-label': 'Lines' }}>
        <Table verticalSpacing={4} stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Line</Table.Th>
              <Table.Th>Device</Table.Th>
              <Table.Th>New owner</Table.Th>
              <Table.Th>Result</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((line) => (
              <Row key={line.line} line={line} />
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      {lines.length > shown.length && (
        <Text size="xs" c="dimmed">
          and {(lines.length - shown.length).toLocaleString('en')} more lines
        </Text>
      )}
    </Stack>
  );
}

function Row({ line: { line, asked, device, owner, refusal } }: { readonly line: ReassignmentLine }) {
  return (
    <Table.Tr>
      <Table.Td>{line}</Table.Td>
      <Table.Td>
        <UserText>{device ? (device.hostname ?? device.id) : asked.device}</UserText>
        {device && (
          <Text size="xs" c="dimmed">
            now <UserText>{device.user}</UserText>
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <UserText>{owner?.name ?? asked.person}</UserText>
      </Table.Td>
      <Table.Td>
        {refusal === null ? (
          <Badge color="green" miw="max-content">
            New link
          </Badge>
        ) : (
          <>
            <Badge color="yellow" miw="max-content">
              Refused
            </Badge>
            <Text size="xs">{refusal.text}</Text>
          </>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
