/** Link of the user's own account to the identity provider. */
import { Button, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { accountView } from '../../../shared/api/accounts.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { beginAtProvider } from '../client/provider.ts';
import { SESSION_KEY, useSession } from '../client/session.tsx';
import { RealDate } from '../parts/words.tsx';

export function OwnIdentity({ name }: { readonly name: string }) {
  const { identity } = useSession().account;
  const link = useMutation({ mutationFn: () => beginAtProvider('link'), onSuccess: (url) => location.assign(url) });
  if (identity !== null) {
    return (
      <Stack gap={4}>
        <Text style={{ overflowWrap: 'anywhere' }}>
          You can sign in with <UserText>{name}</UserText>. Your identifier there is{' '}
          <UserText>{identity.subject}</UserText> (issuer <UserText>{identity.issuer}</UserText>).
        </Text>
        <Text size="sm" c="dimmed">
          Linked <RealDate at={identity.linkedAt} />, last sign-in <RealDate at={identity.signedInAt} />
        </Text>
        <Unlink name={name} />
      </Stack>
    );
  }
  return (
    <Stack gap="sm">
      <Text c="dimmed" maw={760}>
        After you link your account, you can sign in with <UserText>{name}</UserText>. Your groups there then give you
        further roles.
      </Text>
      {link.isError && <Failure error={link.error} />}
      <div>
        <Button variant="default" loading={link.isPending || link.isSuccess} onClick={() => link.mutate()}>
          {`Link to ${name}`}
        </Button>
      </div>
    </Stack>
  );
}

function Unlink({ name }: { readonly name: string }) {
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <div>
      <Button variant="default" size="xs" onClick={open}>
        {`Unlink from ${name}`}
      </Button>
      <Confirm
        title="Unlink account"
        opened={opened}
        close={close}
        verb="Unlink account"
        grave
        act={async () => {
          await call('DELETE', '/session/provider/link', accountView);
          await client.invalidateQueries({ queryKey: SESSION_KEY });
        }}
      >
        <Text>
          You can then sign in only with your password or passkey. You lose the roles that your groups at{' '}
          <UserText>{name}</UserText> give you.
        </Text>
      </Confirm>
    </div>
  );
}
