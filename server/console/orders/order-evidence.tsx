/** Section of the order page with two downloads: an evidence pack, and the names of the devices in a pack. */
import { Button, Code, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconFileZip } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import type { packList } from '../../../shared/api/order-packs.ts';
import { Failure, QueryResult } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { treeSizeOf } from '../../../shared/pack/saved-checkpoint.ts';
import { withQuery } from '../client/call.ts';
import { saveDownload } from '../client/save-download.ts';
import { useMay } from '../client/session.tsx';
import { UploadButton } from '../parts/upload-button.tsx';
import { NamesDialog } from './names-dialog.tsx';
import { packsPath, packsQuery } from './queries.ts';

/** Maximum size in bytes of a file with a checkpoint, such as a saved transparency page. */
const READ_AT_MOST = 4_000_000;

export function OrderEvidence({ number }: { readonly number: string }) {
  const may = useMay();
  const client = useQueryClient();
  const packs = useQuery({ ...packsQuery(number), enabled: may('orders.packs') });
  const pack = useMutation({
    mutationFn: async (checkpoint: File | null) =>
      saveDownload(
        withQuery(packsPath(number), {
          since: checkpoint && treeSizeOf(await checkpoint.slice(0, READ_AT_MOST).text()),
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: packsQuery(number).queryKey }),
  });
  return (
    <Stack gap="sm" align="flex-start">
      <Text c="dimmed" maw={760}>
        An evidence pack contains all revisions with their approvals, the approver sets, ledger proofs, receipts and a
        printable summary. The pack contains pseudonyms (handles) instead of the names of devices and users. Auditors
        verify the pack offline with <Code>cordon verify</Code> and the fingerprint of the public root (the public keys
        of this installation). Auditors must get this fingerprint from another source than you.
      </Text>
      <Text c="dimmed" maw={760}>
        An auditor may have saved a checkpoint (the signed size and hash of the ledger), for example from the public
        page of orders. If you upload this checkpoint, the pack also proves that the ledger has only grown since then.
      </Text>
      {pack.isError && <Failure error={pack.error} />}
      <Group gap="xs">
        <Button
          variant="default"
          leftSection={<IconFileZip size={16} aria-hidden />}
          loading={pack.isPending}
          onClick={() => pack.mutate(null)}
        >
          Download evidence pack
        </Button>
        <UploadButton label="Saved checkpoint" choose={(file) => pack.mutate(file)} disabled={pack.isPending}>
          Upload checkpoint and create pack…
        </UploadButton>
      </Group>
      {may('orders.packs') && <QueryResult query={packs}>{(made) => <Made number={number} made={made} />}</QueryResult>}
    </Stack>
  );
}

type Packs = z.output<typeof packList>;

/** Evidence packs that were created earlier. Each pack has its own device pseudonyms, so an export of names belongs to one pack. */
function Made({ number, made: { packs, people } }: { readonly number: string; readonly made: Packs }) {
  const may = useMay();
  const [naming, setNaming] = useState<Packs['packs'][number] | null>(null);
  if (packs.length === 0) return null;
  return (
    <Stack gap="xs" w="100%" maw={760}>
      <Title order={3} size="h6">
        Earlier packs
      </Title>
      <Text size="sm" c="dimmed">
        The server does not store the packs. You can export the real names for the pseudonyms (handles) of a pack, for
        one recipient.
      </Text>
      <Stack component="ul" gap="xs" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Earlier packs">
        {packs.map((pack) => (
          <Paper component="li" key={pack.pack} withBorder px="md" py="xs">
            <Group justify="space-between" gap="xs">
              <div>
                <Text size="sm">
                  {dateTime(pack.at)}, by <UserText>{people[pack.by] ?? pack.by}</UserText>
                </Text>
                <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                  {pack.pack}, {pack.devices.toLocaleString('en')} {pack.devices === 1 ? 'device' : 'devices'}
                </Text>
              </div>
              {may('orders.pack-names') && pack.devices > 0 && (
                <Button
                  size="xs"
                  variant="default"
                  aria-haspopup="dialog"
                  aria-label={`Export names of ${pack.pack}`}
                  onClick={() => setNaming(pack)}
                >
                  Export names…
                </Button>
              )}
            </Group>
          </Paper>
        ))}
      </Stack>
      <NamesDialog
        request={
          naming && {
            path: `${packsPath(number)}/${naming.pack}/names`,
            which: `in the pack of ${dateTime(naming.at)}`,
            devices: naming.devices,
          }
        }
        close={() => setNaming(null)}
      />
    </Stack>
  );
}
