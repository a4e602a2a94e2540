/** Verification of the account holder's own e-mail address. If the server sends mail, an approver needs a verified address. */
import { Alert, Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { sentVerification } from '../../../shared/api/accounts.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { installationQuery } from '../client/queries.ts';
import { useMay, useSession } from '../client/session.tsx';
import { RealDate } from '../parts/words.tsx';

export function OwnAddress() {
  const { email, emailVerifiedAt, identity } = useSession().account;
  const may = useMay();
  const installation = useQuery({ ...installationQuery, enabled: may('installation.show') });
  const mail = installation.data?.mail ?? false;
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Text style={{ overflowWrap: 'anywhere' }}>
          <UserText>{email}</UserText>
        </Text>
        {emailVerifiedAt === null ? (
          <Badge color="gray">Not verified</Badge>
        ) : (
          <Badge color="green">
            Verified on <RealDate at={emailVerifiedAt} />
          </Badge>
        )}
      </Group>
      {emailVerifiedAt === null && identity !== null && (
        <Text c="dimmed">The identity provider proves who you are, so an approver needs no verified address.</Text>
      )}
      {emailVerifiedAt === null && mail && <SendLink />}
      {emailVerifiedAt === null && !mail && identity === null && (
        <Text c="dimmed">
          This server sends no mail, so it cannot verify e-mail addresses. It marks the addresses of approvers as
          self-attested.
        </Text>
      )}
    </Stack>
  );
}

function SendLink() {
  const send = useMutation({ mutationFn: () => call('POST', '/address/link', sentVerification) });
  const sent = send.data?.mail;
  return (
    <Stack gap="sm">
      <Text c="dimmed" maw={760}>
        An approver needs a verified address. Cordon mails a link to this address. Open the link while you are signed
        in.
      </Text>
      {send.isError && <Failure error={send.error} />}
      {sent?.failure && (
        <Alert color="red" title="Mail not sent" role="alert" maw={760}>
          {sent.failure}
        </Alert>
      )}
      {send.data && sent?.failure === null && (
        <Text role="status" style={{ overflowWrap: 'anywhere' }}>
          Sent to <UserText>{sent.to}</UserText>. The link works once, until <RealDate at={send.data.expiresAt} />.
        </Text>
      )}
      <div>
        <Button variant="default" loading={send.isPending} onClick={() => send.mutate()}>
          {send.data ? 'Send new verification link' : 'Send verification link'}
        </Button>
      </div>
    </Stack>
  );
}
