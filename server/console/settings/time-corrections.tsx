/** Time corrections (ADR 30). Approvers sign the pending one here, with a passkey or with the key in this browser. */
import { Badge, Button, Group, Paper, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  signedTimeCorrection,
  type TimeCorrectionProposal,
  timeCorrectionList,
  timeCorrectionProposal,
} from '../../../shared/api/time-corrections.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { describeTimeCorrection } from '../../../shared/order/describe-time-correction.ts';
import { signTimeCorrection } from '../../../shared/order/web-approver-key.ts';
import { ChooseSigner, useChosenSigner } from '../approver-key/choose-signer.tsx';
import { TextToSign, useDigest } from '../approver-key/text-to-sign.tsx';
import { listedSigners, type OwnSigner, useOwnKey } from '../approver-key/use-own-key.ts';
import { call } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { instantOf } from '../disclosures/utc-time.ts';
import { Moment } from '../parts/words.tsx';

const PROPOSALS = '/time-corrections/proposals';
const correctionsQuery = topicQuery(['orders'], '/time-corrections', timeCorrectionList);

export function TimeCorrections() {
  const may = useMay();
  const query = useQuery(correctionsQuery);
  return (
    <QueryResult query={query}>
      {({ corrections, pending }) => (
        <Stack align="flex-start">
          <Text c="dimmed" maw={760}>
            If the clock of the server was ahead, devices may keep the wrong time. Approvers then sign a time
            correction. Devices with a time from the stated period set it back.
          </Text>
          {pending && <Pending proposal={pending} />}
          {corrections.map(({ version, envelope, publishedAt }) => (
            <Text key={version} size="sm">
              Time correction {version}, published <Moment at={publishedAt} />:{' '}
              <UserText>{describeTimeCorrection(textIn(envelope.payload)).document.reason}</UserText>
            </Text>
          ))}
          {may('time-corrections.propose') && <Propose replaces={pending !== null} />}
        </Stack>
      )}
    </QueryResult>
  );
}

const textIn = (base64: string): string => new TextDecoder().decode(Uint8Array.fromBase64(base64));

function Pending({ proposal }: { readonly proposal: TimeCorrectionProposal }) {
  const { payload, signed, needed, proposedAt } = proposal;
  const { title, lines } = describeTimeCorrection(payload);
  return (
    <Paper withBorder p="md">
      <Stack>
        <Group>
          <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Text>
          <Badge color="yellow" variant="light">
            {`${signed} of ${needed} approvers signed`}
          </Badge>
        </Group>
        <Stack gap={4}>
          {lines.map(({ label, value }) => (
            <Text key={label} size="sm" style={{ overflowWrap: 'anywhere' }}>
              {`${label[0]?.toUpperCase() ?? ''}${label.slice(1)}: `}
              <UserText>{value}</UserText>
            </Text>
          ))}
        </Stack>
        <Text size="sm" c="dimmed">
          Proposed <Moment at={proposedAt} />
        </Text>
        <Sign proposal={proposal} />
      </Stack>
    </Paper>
  );
}

function Sign({ proposal }: { readonly proposal: TimeCorrectionProposal }) {
  const may = useMay();
  const own = useOwnKey().data;
  const [opened, { open, close }] = useDisclosure(false);
  if (!may('time-corrections.sign')) return null;
  const signers = listedSigners(own);
  if (proposal.signatures.some(({ keyid }) => signers.some(({ key }) => key.keyid === keyid))) {
    return <Text size="sm">You signed this time correction.</Text>;
  }
  if (signers.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        An approver signs here with a passkey or with the key in the browser, or with “cordon time-correction approve”.
      </Text>
    );
  }
  return (
    <div>
      <Button onClick={open}>Review time correction…</Button>
      <SignDialog opened={opened} close={close} payload={proposal.payload} signers={signers} />
    </div>
  );
}

function SignDialog({
  opened,
  close,
  payload,
  signers,
}: {
  readonly opened: boolean;
  readonly close: () => void;
  readonly payload: string;
  readonly signers: readonly OwnSigner[];
}) {
  const client = useQueryClient();
  const choice = useChosenSigner(signers);
  const digest = useDigest(payload);
  const submit = async () => {
    if (!choice.chosen) return;
    const { key } = choice.chosen;
    const body = { keyid: key.keyid, signature: await signTimeCorrection(key, payload) };
    await call('POST', `${PROPOSALS}/${digest ?? ''}/signatures`, signedTimeCorrection, body);
    await client.invalidateQueries({ queryKey: correctionsQuery.queryKey });
  };
  return (
    <Confirm
      title="Sign time correction"
      opened={opened}
      close={close}
      verb="Sign time correction"
      grave
      ready={digest !== undefined}
      act={submit}
    >
      <TextToSign described={describeTimeCorrection(payload)} digest={digest} />
      <ChooseSigner signers={signers} {...choice} />
    </Confirm>
  );
}

function Propose({ replaces }: { readonly replaces: boolean }) {
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const [times, setTimes] = useState({ from: '', until: '' });
  const [reason, setReason] = useState('');
  const [from, until] = [instantOf(times.from), instantOf(times.until)];
  const submit = async () => {
    await call('POST', PROPOSALS, timeCorrectionProposal, { from, until, reason: reason.trim() });
    await client.invalidateQueries({ queryKey: correctionsQuery.queryKey });
  };
  const timeInput = (name: 'from' | 'until', label: string) => (
    <TextInput
      type="datetime-local"
      label={label}
      required
      value={times[name]}
      onChange={({ currentTarget: { value } }) => setTimes((before) => ({ ...before, [name]: value }))}
    />
  );
  return (
    <>
      <Button variant="default" onClick={open}>
        Propose time correction…
      </Button>
      <Confirm
        title="Propose time correction"
        opened={opened}
        close={close}
        verb="Propose time correction"
        ready={from !== undefined && until !== undefined && reason.trim() !== ''}
        act={submit}
      >
        <Text size="sm">
          Propose a correction only after the clock of the server is right again. Nothing changes until enough approvers
          have signed.
        </Text>
        {replaces && <Text size="sm">This proposal replaces the pending proposal and its signatures.</Text>}
        {timeInput('from', 'First wrong time of the server (UTC)')}
        {timeInput('until', 'Last wrong time of the server (UTC)')}
        <Textarea
          label="Reason"
          description="Approvers sign the reason."
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
          maxLength={4000}
          autosize
          minRows={2}
          required
        />
      </Confirm>
    </>
  );
}
