/** Document to sign, shown as a table in words. The browser decodes the exact bytes of the document and computes their digest itself. */
import { Code, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { sentence } from '../../../shared/areas/area-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import type { Described } from '../../../shared/order/describe-revision.ts';
import { webSha256 } from '../../../shared/order/web-digest.ts';

export function TextToSign({
  described: { title, lines },
  digest,
  nameOf = (person) => person,
}: {
  readonly described: Pick<Described<unknown>, 'title' | 'lines'>;
  readonly digest: string | undefined;
  readonly nameOf?: (person: string) => string;
}) {
  return (
    <Stack>
      <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
        {title}
      </Text>
      <Table variant="vertical" layout="auto">
        <Table.Tbody>
          {lines.map(({ label, value, person, grave }) => (
            <Table.Tr key={`${label} ${value}`}>
              <Table.Th scope="row" style={{ overflowWrap: 'break-word' }}>
                {person === undefined ? sentence(label) : <UserText>{nameOf(person)}</UserText>}
              </Table.Th>
              <Table.Td
                style={{ overflowWrap: 'anywhere' }}
                {...(grave && { c: 'var(--mantine-color-error)', fw: 600 })}
              >
                <UserText>{value}</UserText>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="sm">
        This browser computed the SHA-256 hash of the text. Compare it with the hash that a colleague sees.{' '}
        <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {digest ?? '…'}
        </Code>
      </Text>
    </Stack>
  );
}

export const useDigest = (text: string): string | undefined =>
  useQuery({ queryKey: ['sha-256', text], queryFn: () => webSha256(text), staleTime: Number.POSITIVE_INFINITY }).data;
