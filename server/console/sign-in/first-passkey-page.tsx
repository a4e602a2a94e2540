/** Page of an account that must register a passkey before it can use the console. */
import { Alert, Button, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { worksHere } from '../client/passkeys.ts';
import { passkeysQuery } from '../client/queries.ts';
import { SESSION_KEY, useSignOut } from '../client/session.tsx';
import { AddPasskey } from '../people/passkeys.tsx';
import { Brand } from './brand.tsx';

export function FirstPasskeyPage() {
  const client = useQueryClient();
  const signOut = useSignOut();
  const site = useQuery(passkeysQuery).data?.site;
  useEffect(() => {
    document.title = 'Add passkey · Cordon';
  }, []);
  return (
    <Paper withBorder p="xl">
      <Stack>
        <Brand />
        <Title order={1} size="h3">
          Add your first passkey
        </Title>
        <Text>
          This installation requires passkeys. Add one to continue. Afterward, create recovery codes on the page “Your
          account”.
        </Text>
        {site && !worksHere(site) ? (
          <Alert color="yellow">
            Passkeys work only at {site.origin}, in a browser that supports them. Open the console there.
          </Alert>
        ) : (
          <AddPasskey added={() => void client.invalidateQueries({ queryKey: SESSION_KEY })} />
        )}
        <Button variant="default" onClick={() => void signOut()}>
          Sign out
        </Button>
      </Stack>
    </Paper>
  );
}
