/**
 * Dialog that invites a person. It creates an account with its first role and an invitation link. Without a mail server, the admin who
 * creates the link must send the link to the person.
 */
import { Alert, Button, Code, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type AccountView, type InvitationView, invitationView, invitedAccount } from '../../../shared/api/accounts.ts';
import { CopyButton } from '../../../shared/look/copy-button.tsx';
import { Failure } from '../../../shared/look/states.tsx';
import { duration } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { installationQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { GrantFields, NEW_GRANT } from './grant-fields.tsx';

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
  const mailed = useQuery(installationQuery).data?.mail ?? false;
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
    <Modal opened={opened} onClose={leave} title="Invite person" size="lg">
      {invite.data ? (
        <Delivery first={invite.data} account={invite.data.account} done={leave} changed={changed} />
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
              description={
                mailed
                  ? 'The person signs in with this address. Cordon mails the invitation to it.'
                  : 'The person signs in with this address. This server sends no mail.'
              }
              type="email"
              required
              value={email}
              onChange={({ currentTarget }) => setEmail(currentTarget.value)}
            />
            <GrantFields value={grant} change={setGrant} groups={groups} />
            <Button type="submit" loading={invite.isPending}>
              {mailed ? 'Send invitation' : 'Create invitation'}
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

/** Dialog that creates a new link for an existing account. The link repeats an invitation, or replaces a lost password or authenticator. */
export function InvitationDialog({
  account,
  close,
  changed,
}: {
  readonly account: AccountView | null;
  readonly close: () => void;
  readonly changed: () => Promise<void>;
}) {
  const mailed = useQuery(installationQuery).data?.mail ?? false;
  const invite = useInvite(account?.id, changed);
  const leave = () => {
    invite.reset();
    close();
  };
  return (
    <Modal opened={account !== null} onClose={leave} title="Invitation link">
      {invite.data && account ? (
        <Delivery first={invite.data} account={account} done={leave} changed={changed} />
      ) : (
        <Stack>
          <Text>
            <UserText>{account?.name ?? ''}</UserText> receives a link to choose a password and to set up an
            authenticator app.{' '}
            {account?.ready && ' The current password and authenticator stop working when the link is used.'}
          </Text>
          {invite.isError && <Failure error={invite.error} />}
          <Button loading={invite.isPending} onClick={() => invite.mutate()}>
            {mailed ? 'Send link' : 'Create link'}
          </Button>
        </Stack>
      )}
    </Modal>
  );
}

const useInvite = (account: string | undefined, changed: () => Promise<void>) =>
  useMutation({
    mutationFn: () => call('POST', `/accounts/${account}/invitation`, invitationView, {}),
    onSuccess: changed,
  });

function Delivery({
  first,
  account,
  done,
  changed,
}: {
  readonly first: InvitationView;
  readonly account: Pick<AccountView, 'id' | 'name'>;
  readonly done: () => void;
  readonly changed: () => Promise<void>;
}) {
  const resent = useInvite(account.id, changed);
  const { link, mail, expiresAt } = resent.data ?? first;
  if (link !== null) return <Shown link={link} expiresAt={expiresAt} name={account.name} done={done} />;
  return (
    <Stack>
      {mail?.failure ? (
        <Alert color="red" title="Mail not sent" role="alert">
          {mail.failure} The account exists. Send the link again when the mail server works.
        </Alert>
      ) : (
        <Sent to={mail?.to ?? ''} expiresAt={expiresAt} />
      )}
      {resent.isError && <Failure error={resent.error} />}
      {mail?.failure && (
        <Button loading={resent.isPending} onClick={() => resent.mutate()}>
          Send link again
        </Button>
      )}
      <Button variant="default" onClick={done}>
        Close
      </Button>
    </Stack>
  );
}

function Sent({ to, expiresAt }: { readonly to: string; readonly expiresAt: number }) {
  const now = useNow(10_000);
  return (
    <Text role="status" style={{ overflowWrap: 'anywhere' }}>
      Sent to <UserText>{to}</UserText>. The link works once and expires in {duration(expiresAt - now)}. Only a person
      who can read that mailbox sees the link.
    </Text>
  );
}

function Shown({
  link,
  expiresAt,
  name,
  done,
}: {
  readonly link: string;
  readonly expiresAt: number;
  readonly name: string;
  readonly done: () => void;
}) {
  const now = useNow(10_000);
  return (
    <Stack>
      <Text>
        Send this link to <UserText>{name}</UserText> over a channel that you trust. The link works once and expires in{' '}
        {duration(expiresAt - now)}.
      </Text>
      <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
        {link}
      </Code>
      <CopyButton text={link}>Copy link</CopyButton>
      <Alert color="yellow">Anyone with this link can sign in as this person. It is shown only once.</Alert>
      <Button variant="default" onClick={done}>
        Close
      </Button>
    </Stack>
  );
}
