/** Dialogs of the registry of authorities: add a key, verify its fingerprint as the second person, and revoke the key. */
import { Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { authorityView } from '../../../shared/api/disclosures.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { DESK } from './queries.ts';

interface Opened {
  readonly opened: boolean;
  readonly close: () => void;
}

/** Field in which each of the two people states how they verified the key. */
function VerificationField({ value, change }: { readonly value: string; readonly change: (value: string) => void }) {
  return (
    <Textarea
      label="Verification"
      description="How you got and checked the key outside Cordon, such as by a call to a number from a public register"
      dir="auto"
      required
      autosize
      minRows={2}
      maxLength={4000}
      value={value}
      onChange={({ currentTarget }) => change(currentTarget.value)}
    />
  );
}

export function AddAuthorityDialog({ opened, close }: Opened) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [recipient, setRecipient] = useState('');
  const [how, setHow] = useState('');
  const leave = () => {
    setName('');
    setRecipient('');
    setHow('');
    close();
  };
  return (
    <Confirm
      title="Add authority"
      opened={opened}
      close={leave}
      verb="Add authority"
      ready={[name, recipient, how].every((text) => text.trim() !== '')}
      act={async () => {
        const body = { name: name.trim(), recipient: recipient.trim(), verifiedBy: how.trim() };
        await call('POST', '/authorities', authorityView, body);
        await client.invalidateQueries(DESK);
      }}
    >
      <Stack>
        <Text size="sm">A second person of the role legal must verify the key before a request can use it.</Text>
        <TextInput
          label="Name"
          description="Name of the authority, as in its legal instruments"
          dir="auto"
          required
          maxLength={200}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <Textarea
          label="Public key"
          description="The age recipient of the authority. It begins with age1."
          required
          autosize
          maxLength={4000}
          spellCheck={false}
          value={recipient}
          onChange={({ currentTarget }) => setRecipient(currentTarget.value)}
        />
        <VerificationField value={how} change={setHow} />
      </Stack>
    </Confirm>
  );
}

export function ConfirmAuthorityDialog({
  id,
  name,
  opened,
  close,
}: Opened & { readonly id: string; readonly name: string }) {
  const client = useQueryClient();
  const [fingerprint, setFingerprint] = useState('');
  const [how, setHow] = useState('');
  // People read a fingerprint aloud in groups, and copy it with spaces or colons.
  const typed = fingerprint.replaceAll(/[\s:]/g, '').toLowerCase();
  const complete = /^[0-9a-f]{64}$/.test(typed);
  return (
    <Confirm
      title="Verify key of authority"
      opened={opened}
      close={close}
      verb="Verify key"
      ready={complete && how.trim() !== ''}
      act={async () => {
        const body = { fingerprint: typed, verifiedBy: how.trim() };
        await call('POST', `/authorities/${encodeURIComponent(id)}/confirm`, authorityView, body);
        await client.invalidateQueries(DESK);
      }}
    >
      <Stack>
        <Text size="sm">
          Ask <UserText>{name}</UserText> for the fingerprint of its key yourself. Do not copy the fingerprint from this
          page: the comparison would prove nothing.
        </Text>
        <Textarea
          label="Fingerprint from the authority"
          description="SHA-256 of the key, 64 hexadecimal digits"
          required
          autosize
          spellCheck={false}
          maxLength={200}
          value={fingerprint}
          onChange={({ currentTarget }) => setFingerprint(currentTarget.value)}
          error={
            typed !== '' && !complete ? `The fingerprint has ${typed.length} of 64 hexadecimal digits.` : undefined
          }
        />
        <VerificationField value={how} change={setHow} />
      </Stack>
    </Confirm>
  );
}

export function RevokeAuthorityDialog({
  id,
  name,
  opened,
  close,
}: Opened & { readonly id: string; readonly name: string }) {
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  return (
    <Confirm
      title="Revoke key of authority"
      opened={opened}
      close={close}
      verb="Revoke key"
      grave
      ready={reason.trim() !== ''}
      act={async () => {
        await call('POST', `/authorities/${encodeURIComponent(id)}/revoke`, authorityView, { reason: reason.trim() });
        await client.invalidateQueries(DESK);
      }}
    >
      <Stack>
        <Text size="sm">
          The desk seals nothing more to the key of <UserText>{name}</UserText>. Open requests with this key can no
          longer be produced. Add the authority again for a new key.
        </Text>
        <Textarea
          label="Reason"
          dir="auto"
          required
          autosize
          minRows={2}
          maxLength={4000}
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </Stack>
    </Confirm>
  );
}
