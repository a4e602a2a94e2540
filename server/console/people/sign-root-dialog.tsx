/** What is signed, in words read from its exact bytes, and then the signature: made in this browser by a key that it cannot show. */
import { Code, Stack, Table, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { rootView } from '../../../shared/api/approvers.ts';
import { sentence } from '../../../shared/areas/area-words.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Given } from '../../../shared/look/given.tsx';
import { describeRoot } from '../../../shared/order/describe-revision.ts';
import { signRoot, type WebApproverKey } from '../../../shared/order/web-approver-key.ts';
import { webSha256 } from '../../../shared/order/web-digest.ts';
import { call } from '../client/call.ts';
import { approversQuery } from '../client/queries.ts';

export function SignRootDialog({
  opened,
  close,
  root,
  current,
  signKey,
  named,
}: {
  readonly opened: boolean;
  readonly close: () => void;
  readonly root: { readonly version: number; readonly payload: string };
  /** The root in force as the server gives it: it counts as what came before only if the text to be signed names it by its digest. */
  readonly current: { readonly version: number; readonly payload: string } | null;
  readonly signKey: WebApproverKey;
  readonly named: (person: string) => string;
}) {
  const client = useQueryClient();
  const digest = useDigest(root.payload);
  const before = useDigest(current?.payload ?? '');
  const { previous } = describeRoot(root.payload, root.version).document;
  const replaced = current && before === previous ? describeRoot(current.payload, current.version).document : null;
  const { title, lines } = describeRoot(root.payload, root.version, replaced);
  return (
    <Confirm
      title="Sign the list of approvers"
      opened={opened}
      close={close}
      verb="Sign it"
      ready={digest !== undefined && before !== undefined}
      act={async () => {
        const signature = await signRoot(signKey, root.payload);
        await call('POST', `/approvers/${root.version}/signatures`, rootView, { keyid: signKey.keyid, signature });
        await client.invalidateQueries({ queryKey: approversQuery.queryKey });
      }}
    >
      <Stack>
        <Text fw={600}>{title}</Text>
        <Table variant="vertical" layout="auto">
          <Table.Tbody>
            {lines.map(({ label, value, person, grave }) => (
              <Table.Tr key={`${label} ${value}`}>
                <Table.Th scope="row">
                  <Given>{person === undefined ? sentence(label) : named(person)}</Given>
                </Table.Th>
                <Table.Td
                  style={{ overflowWrap: 'anywhere' }}
                  {...(grave && { c: 'var(--mantine-color-error)', fw: 600 })}
                >
                  {value}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Text size="sm">
          SHA-256 of what is signed, computed in this browser: compare it with a colleague's.
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {digest ?? '…'}
          </Code>
        </Text>
      </Stack>
    </Confirm>
  );
}

const useDigest = (text: string): string | undefined =>
  useQuery({ queryKey: ['sha-256', text], queryFn: () => webSha256(text), staleTime: Number.POSITIVE_INFINITY }).data;
