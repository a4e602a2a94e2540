/** Page that verifies the account's e-mail address. The user must click a button, because mail scanners also open links in mails. */
import { Alert, Button, Paper, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { accountView } from '../../../shared/api/accounts.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { SESSION_KEY } from '../client/session.tsx';
import { Brand } from './brand.tsx';

export function VerifyPage({
  token,
  account,
  done,
}: {
  readonly token: string;
  readonly account: { readonly name: string; readonly email: string };
  readonly done: () => void;
}) {
  const client = useQueryClient();
  const verify = useMutation({
    mutationFn: () => call('POST', '/address/verify', accountView, { token }),
    onSuccess: () => client.invalidateQueries({ queryKey: SESSION_KEY }),
  });
  useEffect(() => {
    document.title = 'Verify e-mail address · Cordon';
  }, []);
  return (
    <Paper withBorder p="xl">
      <Stack>
        <Brand />
        <Title order={1} size="h3">
          Verify e-mail address
        </Title>
        {verify.data ? (
          <Alert color="green" role="status">
            <UserText>{verify.data.email}</UserText> is verified.
          </Alert>
        ) : (
          <Text style={{ overflowWrap: 'anywhere' }}>
            You are signed in as <UserText>{account.name}</UserText> (<UserText>{account.email}</UserText>). Verify the
            e-mail address only if you requested this link yourself.
          </Text>
        )}
        {verify.isError && <Failure error={verify.error} />}
        {!verify.data && (
          <Button size="md" loading={verify.isPending} onClick={() => verify.mutate()}>
            Verify address
          </Button>
        )}
        <Button variant="default" onClick={done}>
          {verify.data ? 'Open console' : 'Cancel'}
        </Button>
      </Stack>
    </Paper>
  );
}
