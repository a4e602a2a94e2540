/** The ledger: what the operator can be held to, entry by entry, and whether this browser finds it whole. */
import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import { IconShieldCheck, IconShieldX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { isCordonError } from '../../../shared/errors.ts';
import { Answer, Failure, Loading } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { installationQuery } from '../client/queries.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Leaves } from './leaves.tsx';
import { type Look, look } from './look.ts';

export function LedgerPage() {
  const installation = useQuery(installationQuery);
  return (
    <Page
      title="Ledger"
      lead="What an outsider may hold this installation to. Entries are added, and never changed or taken away."
    >
      <Answer query={installation}>
        {({ installation: id, publicUrl }) => <Checked installation={id} publicUrl={publicUrl} />}
      </Answer>
    </Page>
  );
}

function Checked({ installation, publicUrl }: { readonly installation: string; readonly publicUrl: string }) {
  const looked = useQuery({
    queryKey: ['ledger', 'look', installation],
    queryFn: () => look(installation, Date.now()),
    // What was noticed once must not go away by looking again in the background.
    retry: false,
  });
  if (looked.isError && isCordonError(looked.error)) return <Broken detail={looked.error.message} />;
  if (looked.isError) return <Failure error={looked.error} retry={() => void looked.refetch()} />;
  if (!looked.data) return <Loading />;
  return (
    <Stack gap="xl">
      <Whole look={looked.data} />
      <Section title="Entries">
        <Leaves size={looked.data.checkpoint.size} verifierKey={looked.data.key} />
      </Section>
      <Outside look={looked.data} publicUrl={publicUrl} />
    </Stack>
  );
}

function Broken({ detail }: { readonly detail: string }) {
  return (
    <Alert
      color="red"
      icon={<IconShieldX aria-hidden />}
      title="This is not the ledger that this browser saw before"
      role="alert"
    >
      <Stack gap="xs">
        <Text size="sm">{detail}</Text>
        <Text size="sm">
          It may be that the store was restored from an older backup. It may be that entries were removed. Do not wave
          it away: ask who runs the server, and compare with a copy made by “cordon ledger copy”. This browser keeps
          what it saw.
        </Text>
      </Stack>
    </Alert>
  );
}

function Whole({ look: { checkpoint, before } }: { readonly look: Look }) {
  const entries = checkpoint.size.toLocaleString('en');
  return (
    <Alert color="green" icon={<IconShieldCheck aria-hidden />} title={`${entries} entries, checked in this browser`}>
      <Text size="sm">
        {before === null
          ? 'This is the first look of this browser. From now on it notices when an entry is changed or removed. Compare the fingerprint below with a colleague’s once.'
          : `It has only grown since ${dateTime(before.at)}, when it had ${before.size.toLocaleString('en')}. This browser follows it since ${dateTime(before.firstAt)}.`}
      </Text>
    </Alert>
  );
}

function Outside({ look: { checkpoint, key }, publicUrl }: { readonly look: Look; readonly publicUrl: string }) {
  const [shown, setShown] = useState(false);
  const root = checkpoint.root.toHex();
  return (
    <Section title="For whoever checks from outside">
      <Text c="dimmed" maw={760}>
        Anyone can read the same ledger at {publicUrl}/ledger/checkpoint, copy it, and verify the copy without this
        server.
      </Text>
      <Group>
        <Button variant="default" size="xs" aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown ? 'Hide the checkpoint' : 'Show the checkpoint'}
        </Button>
        <CopyButton size="xs" text={`npx cordon ledger copy ${publicUrl} copy && npx cordon ledger verify copy`}>
          Copy the commands
        </CopyButton>
      </Group>
      {shown && (
        <Stack gap="xs">
          <Text size="sm">
            The tree's hash over all {checkpoint.size.toLocaleString('en')} entries, and the key that signs it:
          </Text>
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{`${root}\n${key}`}</Code>
        </Stack>
      )}
    </Section>
  );
}
