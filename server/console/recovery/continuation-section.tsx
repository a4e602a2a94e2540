import { Alert, Badge, Button, Group, Paper, Stack, Text, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type ContinuationView, continuationView } from '../../../shared/api/recovery.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { describeContinuation } from '../../../shared/order/describe-continuation.ts';
import { signContinuation } from '../../../shared/order/web-approver-key.ts';
import { ChooseSigner, useChosenSigner } from '../approver-key/choose-signer.tsx';
import { TextToSign, useDigest } from '../approver-key/text-to-sign.tsx';
import { listedSigners, type OwnSigner, useOwnKey } from '../approver-key/use-own-key.ts';
import { call } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { UploadButton } from '../parts/upload-button.tsx';
import { Moment } from '../parts/words.tsx';
import { continuationsQuery } from './queries.ts';

const PATH = '/recovery/ledger/continuations';

/** Section about the continuation of the ledger. `rests`: true if the server has suspended the ledger, because entries may be lost. */
export function ContinuationSection({ rests }: { readonly rests: boolean }) {
  const may = useMay();
  const query = useQuery(continuationsQuery);
  return (
    <QueryResult query={query}>
      {({ continuations }) => (
        <Stack>
          {rests && (
            <Stack gap="xs" align="flex-start">
              <Text size="sm">
                If no newer copy of the ledger exists, approvers can continue the ledger without the lost entries. The
                remaining entries continue under a new name. At least two approvers sign a document about the loss.
              </Text>
              {may('recovery.continue-ledger') && (
                <Propose replaces={continuations.some(({ state }) => state === 'waiting')} />
              )}
            </Stack>
          )}
          {continuations.map((continuation) => (
            <Continuation key={continuation.digest} continuation={continuation} />
          ))}
        </Stack>
      )}
    </QueryResult>
  );
}

function Continuation({ continuation }: { readonly continuation: ContinuationView }) {
  const { payload, state, signed, needed, proposedAt, adoptedAt, outdated } = continuation;
  const { lines } = describeContinuation(payload);
  const isAdopted = state === 'adopted';
  return (
    <Paper withBorder p="md">
      <Stack>
        <Group>
          <Text fw={600}>{isAdopted ? 'Continuation of the ledger' : 'Proposed continuation of the ledger'}</Text>
          <Badge color={isAdopted ? 'green' : 'yellow'} variant="light">
            {isAdopted ? 'Adopted' : `${signed} of ${needed} approvers signed`}
          </Badge>
        </Group>
        <Stack gap={4}>
          {lines.map(({ label, value, grave }) => (
            <Text key={label} size="sm" style={{ overflowWrap: 'anywhere' }} {...(grave && { fw: 600 })}>
              {`${label[0]?.toUpperCase() ?? ''}${label.slice(1)}: `}
              <UserText>{value}</UserText>
            </Text>
          ))}
        </Stack>
        <Text size="sm" c="dimmed">
          {adoptedAt === null ? 'Proposed' : 'Adopted'} <Moment at={adoptedAt ?? proposedAt} />
        </Text>
        {isAdopted && signed < needed && (
          <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} title="Latest approver set has not signed">
            {signed} of {needed} approvers of the latest approver set have signed. Devices that were offline reject the
            new name until enough approvers sign.
          </Alert>
        )}
        {outdated !== null && (
          <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} title="Outdated proposal">
            {outdated}
          </Alert>
        )}
        {outdated === null && signed < needed && <Sign continuation={continuation} />}
      </Stack>
    </Paper>
  );
}

function Sign({ continuation }: { readonly continuation: ContinuationView }) {
  const may = useMay();
  const own = useOwnKey().data;
  const [opened, { open, close }] = useDisclosure(false);
  if (!may('recovery.sign-continuation')) return null;
  const signers = listedSigners(own);
  if (continuation.signatures.some(({ keyid }) => signers.some(({ key }) => key.keyid === keyid))) {
    return <Text size="sm">You signed this continuation.</Text>;
  }
  if (signers.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        An approver signs in the browser with the approver key, or with “cordon recovery continue-ledger approve”.
      </Text>
    );
  }
  return (
    <div>
      <Button onClick={open}>Review and sign…</Button>
      <SignDialog opened={opened} close={close} continuation={continuation} signers={signers} />
    </div>
  );
}

function SignDialog({
  opened,
  close,
  continuation: { payload },
  signers,
}: {
  readonly opened: boolean;
  readonly close: () => void;
  readonly continuation: ContinuationView;
  readonly signers: readonly OwnSigner[];
}) {
  const client = useQueryClient();
  const choice = useChosenSigner(signers);
  const digest = useDigest(payload);
  const submit = async () => {
    if (!choice.chosen) return;
    const { key } = choice.chosen;
    const body = { keyid: key.keyid, signature: await signContinuation(key, payload) };
    await call('POST', `${PATH}/${digest ?? ''}/signatures`, continuationView, body);
    await client.invalidateQueries();
  };
  return (
    <Confirm
      title="Sign continuation of the ledger"
      opened={opened}
      close={close}
      verb="Sign continuation"
      grave
      ready={digest !== undefined}
      act={submit}
    >
      <TextToSign described={describeContinuation(payload)} digest={digest} />
      <ChooseSigner signers={signers} {...choice} />
    </Confirm>
  );
}

function Propose({ replaces }: { readonly replaces: boolean }) {
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const [reason, setReason] = useState('');
  const [file, setFile] = useState<{ readonly name: string; readonly text: string } | null>(null);
  const submit = async () => {
    const body = { reason, ...(file && { checkpoint: file.text }) };
    await call('POST', PATH, continuationView, body);
    await client.invalidateQueries();
  };
  return (
    <>
      <Button color="red" variant="light" onClick={open}>
        Propose continuation…
      </Button>
      <Confirm
        title="Propose continuation of the ledger"
        opened={opened}
        close={close}
        verb="Propose continuation"
        grave
        ready={reason.trim() !== ''}
        act={submit}
      >
        <Text size="sm">
          Nobody can ever prove the contents of the lost entries again. Devices and auditors keep the old checkpoint as
          proof of the loss. Nothing changes until enough approvers have signed.
        </Text>
        {replaces && <Text size="sm">This proposal replaces the pending proposal and its signatures.</Text>}
        <Textarea
          label="Reason"
          description="Public. Approvers sign the reason, and the ledger contains it."
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
          maxLength={4000}
          autosize
          minRows={2}
          required
        />
        <Group gap="sm">
          <UploadButton
            label="Saved checkpoint that proves lost entries"
            size="xs"
            choose={(file) => void file.text().then((text) => setFile({ name: file.name, text }))}
          >
            Add saved checkpoint
          </UploadButton>
          <Text size="sm" c="dimmed">
            {file ? (
              <UserText>{file.name}</UserText>
            ) : (
              'Optional. A saved checkpoint may prove that more entries were lost than the checkpoints of the devices show.'
            )}
          </Text>
        </Group>
      </Confirm>
    </>
  );
}
