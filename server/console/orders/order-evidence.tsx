/** All that can be shown of an order to somebody outside, as one file; and apart from it the names behind its handles. */
import { Button, Code, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconFileZip } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import type { packList } from '../../../shared/api/orders.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Failure } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { sizeIn } from '../../../shared/pack/kept-checkpoint.ts';
import { withQuery } from '../client/call.ts';
import { saveFile } from '../client/save-file.ts';
import { useMay } from '../client/session.tsx';
import { ChooseFile } from '../parts/choose-file.tsx';
import { NamesDialog } from './names-dialog.tsx';
import { packsPath, packsQuery } from './queries.ts';

/** Bytes: a saved page of orders has fewer. */
const READ_AT_MOST = 4_000_000;

export function OrderEvidence({ number }: { readonly number: string }) {
  const may = useMay();
  const client = useQueryClient();
  const packs = useQuery({ ...packsQuery(number), enabled: may('orders.packs') });
  const pack = useMutation({
    mutationFn: async (kept: File | null) =>
      saveFile(withQuery(packsPath(number), { since: kept && sizeIn(await kept.slice(0, READ_AT_MOST).text()) })),
    onSuccess: () => client.invalidateQueries({ queryKey: packsQuery(number).queryKey }),
  });
  return (
    <Stack gap="sm" align="flex-start">
      <Text c="dimmed" maw={760}>
        Every revision with its approvals, the approvers, the ledger’s proofs, what devices have signed, and a summary
        to print. Devices stand in it by handles, and nobody by name. Anybody can check it without this server:{' '}
        <Code>cordon verify</Code> with the public root, which they should have from elsewhere than from you.
      </Text>
      <Text c="dimmed" maw={760}>
        Somebody who has kept a checkpoint of the ledger, such as the public page of orders shows it, can have a pack
        that also proves how the ledger grew from that one: give their file.
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
        <ChooseFile what="A kept checkpoint" choose={(file) => pack.mutate(file)} disabled={pack.isPending}>
          Pack from a kept checkpoint…
        </ChooseFile>
      </Group>
      {may('orders.packs') && <Answer query={packs}>{(made) => <Made number={number} made={made} />}</Answer>}
    </Stack>
  );
}

type Packs = z.output<typeof packList>;

/** Each with the way to its names. Handles are of one pack alone, so whoever asks for names must say of which. */
function Made({ number, made: { packs, people } }: { readonly number: string; readonly made: Packs }) {
  const may = useMay();
  const [naming, setNaming] = useState<Packs['packs'][number] | null>(null);
  if (packs.length === 0) return null;
  return (
    <Stack gap="xs" w="100%" maw={760}>
      <Title order={3} size="h6">
        Packs that were made
      </Title>
      <Text size="sm" c="dimmed">
        The files are not kept here. Whom a pack’s handles mean is a file of its own, sealed to one person.
      </Text>
      <Stack component="ul" gap="xs" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Packs that were made">
        {packs.map((pack) => (
          <Paper component="li" key={pack.pack} withBorder px="md" py="xs">
            <Group justify="space-between" gap="xs">
              <div>
                <Text size="sm">
                  {dateTime(pack.at)}, by <Given>{people[pack.by] ?? pack.by}</Given>
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
                  aria-label={`Names, sealed… of ${pack.pack}`}
                  onClick={() => setNaming(pack)}
                >
                  Names, sealed…
                </Button>
              )}
            </Group>
          </Paper>
        ))}
      </Stack>
      <NamesDialog
        asked={
          naming && {
            path: `${packsPath(number)}/${naming.pack}/names`,
            which: `that stand in the pack of ${dateTime(naming.at)}`,
            devices: naming.devices,
          }
        }
        close={() => setNaming(null)}
      />
    </Stack>
  );
}
