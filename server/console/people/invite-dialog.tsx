/** Inviting: an account, its first role, and a link that its owner sends on by a way of their own. */
import { Alert, Button, Code, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { type AccountView, invitationView, invitedAccount } from '../../../shared/api/accounts.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Failure } from '../../../shared/look/states.tsx';
import { duration } from '../../../shared/look/time-words.ts';
import { call } from '../client/call.ts';
import { useNow } from '../client/server-time.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { GrantFields, NEW_GRANT } from './grant-fields.tsx';

type Invitation = z.output<typeof invitationView>;

export function InviteDialog({
  opened,
  close,
  groups,
  changed,
}: {
  readonly opened: boolean;
  readonly close: () => void;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  readonly changed: () => Promise<void>;
}) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [grant, setGrant] = useState(NEW_GRANT);
  const invite = useMutation({
    mutationFn: () =>
      call('POST', '/accounts', invitedAccount, { name: name.trim(), email: email.trim(), grants: [grant] }),
    onSuccess: changed,
  });
  const leave = () => {
    setName('');
    setEmail('');
    setGrant(NEW_GRANT);
    invite.reset();
    close();
  };
  return (
    <Modal opened={opened} onClose={leave} title="Invite somebody" size="lg">
      {invite.data ? (
        <Invited invitation={invite.data} name={invite.data.account.name} done={leave} />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            invite.mutate();
          }}
        >
          <Stack>
            {invite.isError && <Failure error={invite.error} />}
            <TextInput
              label="Name"
              dir="auto"
              required
              data-autofocus
              value={name}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
            />
            <TextInput
              label="E-mail"
              description="They sign in with it. Cordon sends no mail."
              type="email"
              required
              value={email}
              onChange={({ currentTarget }) => setEmail(currentTarget.value)}
            />
            <GrantFields value={grant} change={setGrant} groups={groups} />
            <Button type="submit" loading={invite.isPending}>
              Make the invitation
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

/** For whoever was invited before, and for whoever lost password or authenticator. */
export function InvitationDialog({
  account,
  close,
  changed,
}: {
  /** Null: closed. */
  readonly account: AccountView | null;
  readonly close: () => void;
  readonly changed: () => Promise<void>;
}) {
  const invite = useMutation({
    mutationFn: () => call('POST', `/accounts/${account?.id}/invitation`, invitationView, {}),
    onSuccess: changed,
  });
  const leave = () => {
    invite.reset();
    close();
  };
  return (
    <Modal opened={account !== null} onClose={leave} title="A new invitation">
      {invite.data ? (
        <Invited invitation={invite.data} name={account?.name ?? ''} done={leave} />
      ) : (
        <Stack>
          <Text>
            <Given>{account?.name ?? ''}</Given> gets a link to choose a password and set an authenticator up.
            {account?.ready && ' With it, the password and the authenticator that they have now stop working.'}
          </Text>
          {invite.isError && <Failure error={invite.error} />}
          <Button loading={invite.isPending} onClick={() => invite.mutate()}>
            Make the link
          </Button>
        </Stack>
      )}
    </Modal>
  );
}

function Invited({
  invitation,
  name,
  done,
}: {
  readonly invitation: Invitation;
  readonly name: string;
  readonly done: () => void;
}) {
  const now = useNow(10_000);
  return (
    <Stack>
      <Text>
        Send this link to <Given>{name}</Given> by a way that you trust. It works once, for{' '}
        {duration(invitation.expiresAt - now)}.
      </Text>
      <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
        {invitation.link}
      </Code>
      <CopyButton text={invitation.link}>Copy the link</CopyButton>
      <Alert color="yellow">Whoever has it becomes this person. It is shown this once.</Alert>
      <Button variant="default" onClick={done}>
        Done
      </Button>
    </Stack>
  );
}
