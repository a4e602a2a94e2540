import { Alert, Button, Code, Group, Stack, Tabs, Text } from '@mantine/core';
import { IconShieldCheck, IconShieldX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { isCordonError } from '../../../shared/errors.ts';
import { CopyButton } from '../../../shared/look/copy-button.tsx';
import { Failure, Loading, QueryResult } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { ActivityLog } from '../activity/activity-log.tsx';
import { installationQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { Page, Section } from '../parts/page.tsx';
import { checkLedger, type LedgerCheck } from './check-ledger.ts';
import { LedgerEntries } from './ledger-entries.tsx';
import { Witnesses } from './witnesses.tsx';

const route = getRouteApi('/ledger');

export function LedgerPage() {
  const may = useMay();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  if (!may('activity.list')) {
    return (
      <Page title="Audit & ledger" lead={LEDGER_LEAD}>
        <PublicLedger />
      </Page>
    );
  }
  return (
    <Page title="Audit & ledger">
      <Tabs
        value={tab ?? 'activity'}
        onChange={(value) => void navigate({ search: value === 'ledger' ? { tab: 'ledger' } : {} })}
        keepMounted={false}
      >
        <Tabs.List mb="lg">
          <Tabs.Tab value="activity">Activity log</Tabs.Tab>
          <Tabs.Tab value="ledger">Public ledger</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="activity">
          <ActivityLog />
        </Tabs.Panel>
        <Tabs.Panel value="ledger">
          <Stack>
            <Text c="dimmed">{LEDGER_LEAD}</Text>
            <PublicLedger />
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

const LEDGER_LEAD =
  'Public record of the operator’s actions. The server adds ledger entries and never changes or removes them.';

function PublicLedger() {
  const installation = useQuery(installationQuery);
  return (
    <QueryResult query={installation}>
      {({ installation: id, publicUrl }) => <Checked installation={id} publicUrl={publicUrl} />}
    </QueryResult>
  );
}

function Checked({ installation, publicUrl }: { readonly installation: string; readonly publicUrl: string }) {
  const check = useQuery({
    queryKey: ['ledger', 'check', installation],
    queryFn: () => checkLedger(installation, Date.now()),
    // A failed check must stay visible, so do not repeat it automatically.
    retry: false,
  });
  if (check.isError && isCordonError(check.error)) return <Broken detail={check.error.message} />;
  if (check.isError) return <Failure error={check.error} retry={() => void check.refetch()} />;
  if (!check.data) return <Loading />;
  return (
    <Stack gap="xl">
      <VerifiedNotice check={check.data} />
      {check.data.givenUp.map((each) => (
        <ContinuationNotice key={each.at} continuation={each} />
      ))}
      <Witnesses check={check.data} />
      <Section title="Ledger entries">
        <LedgerEntries size={check.data.checkpoint.size} verifierKey={check.data.key} />
      </Section>
      <ExternalVerification check={check.data} publicUrl={publicUrl} />
    </Stack>
  );
}

function Broken({ detail }: { readonly detail: string }) {
  return (
    <Alert
      color="red"
      icon={<IconShieldX aria-hidden />}
      title="The ledger differs from the ledger that this browser saw before"
      role="alert"
    >
      <Stack gap="xs">
        <Text size="sm">{detail}</Text>
        <Text size="sm">
          The server may run on an older backup, or an attacker may have removed ledger entries. Ask the operator of the
          server for the reason. Compare the ledger with a copy from “cordon ledger copy”. This browser keeps its
          earlier checkpoint as proof.
        </Text>
      </Stack>
    </Alert>
  );
}

function ContinuationNotice({
  continuation: { checkpoint, at, remained, lost, reason },
}: {
  readonly continuation: LedgerCheck['givenUp'][number];
}) {
  const earlierSize = Number(checkpoint.split('\n')[1]);
  return (
    <Alert
      color={lost ? 'red' : 'yellow'}
      icon={<IconShieldX aria-hidden />}
      title="The ledger continued under another name after a loss of entries"
    >
      <Stack gap="xs">
        <Text size="sm">
          Noticed by this browser on {dateTime(at)}. Approvers signed that {remained.toLocaleString('en')} entries
          remain.{' '}
          {lost
            ? `This browser had seen ${earlierSize.toLocaleString('en')} entries. It keeps the old checkpoint as proof of the loss.`
            : `All ${earlierSize.toLocaleString('en')} entries that this browser had seen remain.`}{' '}
          Reason: <UserText>{reason}</UserText>
        </Text>
        {lost && (
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {checkpoint}
          </Code>
        )}
      </Stack>
    </Alert>
  );
}

function VerifiedNotice({ check: { checkpoint, before, givenUp } }: { readonly check: LedgerCheck }) {
  const entries = checkpoint.size.toLocaleString('en');
  const last = givenUp.at(-1);
  const isFirstAfterLoss = before !== null && last?.lost === true && before.at < last.at;
  return (
    <Alert
      color="green"
      icon={<IconShieldCheck aria-hidden />}
      title={`${entries} ledger entries, verified in this browser`}
    >
      <Text size="sm">
        {before === null
          ? 'This is the first check in this browser. Later checks detect changed or removed entries. Compare the fingerprint below once with the fingerprint that a colleague sees.'
          : isFirstAfterLoss
            ? `The ledger starts with the ${last.remained.toLocaleString('en')} entries that the approvers’ document names. Entries that this browser had seen were lost.`
            : `The ledger only grew since ${dateTime(before.at)}, when it had ${before.size.toLocaleString('en')} entries. This browser has verified it since ${dateTime(before.firstAt)}.`}
      </Text>
    </Alert>
  );
}

function ExternalVerification({
  check: { checkpoint, key },
  publicUrl,
}: {
  readonly check: LedgerCheck;
  readonly publicUrl: string;
}) {
  const [shown, setShown] = useState(false);
  const root = checkpoint.root.toHex();
  return (
    <Section title="External verification">
      <Text c="dimmed" maw={760}>
        Anyone can read the same ledger at {publicUrl}/ledger/checkpoint, copy it, and verify the copy without this
        server.
      </Text>
      <Group>
        <Button variant="default" size="xs" aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown ? 'Hide checkpoint' : 'Show checkpoint'}
        </Button>
        <CopyButton size="xs" text={`npx cordon ledger copy ${publicUrl} copy && npx cordon ledger verify copy`}>
          Copy commands
        </CopyButton>
      </Group>
      {shown && (
        <Stack gap="xs">
          <Text size="sm">
            Root hash (SHA-256) of all {checkpoint.size.toLocaleString('en')} entries, and the public key of the ledger:
          </Text>
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{`${root}\n${key}`}</Code>
        </Stack>
      )}
    </Section>
  );
}
