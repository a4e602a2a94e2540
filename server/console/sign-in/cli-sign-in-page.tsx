/** Page on which the person allows a sign-in of the command line (`cordon sign-in`). The person compares the code before the decision. */
import { Alert, Button, Code, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { type CliSignInView, cliSignInView } from '../../../shared/api/cli-sign-in.ts';
import { done } from '../../../shared/api/wire.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { Facts } from '../parts/facts.tsx';
import { Page } from '../parts/page.tsx';
import { RealDate } from '../parts/words.tsx';

export function CliSignInPage() {
  const [code, setCode] = useState('');
  const show = useMutation({ mutationFn: () => call('POST', '/session/cli/code', cliSignInView, { code }) });
  return (
    <Page title="Sign in the command line" lead="The command “cordon sign-in” shows a code. Enter the code here.">
      <Paper withBorder p="md" maw={640}>
        {show.data ? (
          <Decision request={show.data} again={show.reset} />
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              show.mutate();
            }}
          >
            <Stack>
              {show.isError && <Failure error={show.error} />}
              <TextInput
                label="Code"
                description="Eight letters, such as BCDF-GHJK"
                required
                autoComplete="off"
                spellCheck={false}
                value={code}
                onChange={({ currentTarget }) => setCode(currentTarget.value)}
              />
              <Group justify="flex-end">
                <Button type="submit" disabled={code.trim() === ''} loading={show.isPending}>
                  Check code
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Paper>
    </Page>
  );
}

function Decision({ request, again }: { readonly request: CliSignInView; readonly again: () => void }) {
  const { code, host, address, begunAt, expiresAt } = request;
  const decide = useMutation({
    mutationFn: async (allowed: boolean) => {
      await call('POST', allowed ? '/session/cli/approval' : '/session/cli/refusal', done, { code });
      return allowed;
    },
  });
  if (decide.data !== undefined) {
    return (
      <Alert
        color={decide.data ? 'green' : 'gray'}
        role="status"
        title={decide.data ? 'Sign-in allowed' : 'Sign-in declined'}
      >
        {decide.data
          ? 'Return to the command line. You can end its session under “Your account”.'
          : 'The command line receives no session.'}
      </Alert>
    );
  }
  return (
    <Stack>
      <Alert color="yellow" title="Allow only your own command line">
        The user of this command line gets a session with all your roles. Decline if another person sent you the code.
      </Alert>
      <Facts
        facts={[
          { label: 'Code', value: <Code>{code}</Code> },
          { label: 'Computer name, as stated by the command line', value: <UserText>{host}</UserText> },
          { label: 'Address', value: address },
          { label: 'Started', value: <RealDate at={begunAt} /> },
          { label: 'Code expires', value: <RealDate at={expiresAt} /> },
        ]}
      />
      <Text size="sm">The session ends after 12 hours, or after one hour without use.</Text>
      {decide.isError && <Failure error={decide.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={again}>
          Enter another code
        </Button>
        <Button variant="default" loading={decide.isPending && !decide.variables} onClick={() => decide.mutate(false)}>
          Decline sign-in
        </Button>
        <Button loading={decide.isPending && decide.variables} onClick={() => decide.mutate(true)}>
          Allow sign-in
        </Button>
      </Group>
    </Stack>
  );
}
