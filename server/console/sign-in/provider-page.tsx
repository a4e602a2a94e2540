/** Page to which the identity provider redirects. It sends the provider's response to the server, and continues in the console. */
import { Alert, Button, Paper, Stack, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { providerResult } from '../../../shared/api/provider.ts';
import { Failure, Loading } from '../../../shared/look/states.tsx';
import { call, storeCsrf } from '../client/call.ts';
import { announceStepUp } from '../client/provider.ts';
import { SESSION_KEY } from '../client/session.tsx';
import { Brand } from './brand.tsx';

export function ProviderPage({ response, done }: { readonly response: string; readonly done: () => void }) {
  const client = useQueryClient();
  const sent = useRef(false);
  const finish = useMutation({
    mutationFn: () => call('POST', '/session/provider/response', providerResult, { response }),
    async onSuccess({ purpose, session }) {
      if (purpose === 'step-up') return announceStepUp();
      if (purpose === 'link') return location.replace('/account');
      // An earlier request for the session may still run, and its result would replace the new session.
      await client.cancelQueries({ queryKey: SESSION_KEY });
      storeCsrf(session?.csrf ?? null);
      client.setQueryData(SESSION_KEY, session);
      done();
    },
  });
  const { mutate } = finish;
  useEffect(() => {
    document.title = 'Sign in · Cordon';
    // The response works once, and a development build runs each effect twice.
    if (!sent.current) mutate();
    sent.current = true;
  }, [mutate]);
  const confirmed = finish.data?.purpose === 'step-up';
  return (
    <Paper withBorder p="xl">
      <Stack>
        <Brand />
        <Title order={1} size="h3">
          {confirmed ? 'Identity confirmed' : 'Sign in'}
        </Title>
        {finish.isError ? (
          <>
            <Failure error={finish.error} />
            <Button onClick={done}>Back to Cordon</Button>
          </>
        ) : confirmed ? (
          <>
            <Alert color="green" role="status">
              You can close this window. The action continues in the other window.
            </Alert>
            <Button onClick={() => window.close()}>Close window</Button>
          </>
        ) : (
          <Loading />
        )}
      </Stack>
    </Paper>
  );
}
