/** Lets in whoever followed a link from `cordon-agent open`; shows everybody else how to get one. */
import { Alert, Center, Code, Container, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { type ReactNode, useEffect, useState } from 'react';
import { failureText, Loading } from '../../../../shared/look/states.tsx';
import { sessionView } from '../../api.ts';
import { call } from '../client/call.ts';
import { queryClient } from '../client/queries.ts';
import { keepToken, takeTicket, useToken } from '../client/session.ts';
import { WORDS } from '../words/english.ts';

const words = WORDS.gate;
const NOT_ASKED = { of: null, failure: null };

// Taken before anything is drawn, once: a component may be drawn twice.
const atStart = open(takeTicket());

/** Null when there is nothing to open by. */
function open(ticket: string | null): Promise<void> | null {
  if (ticket === null) return null;
  return call('POST', '/session', sessionView, { ticket }).then(({ token }) => {
    queryClient.clear();
    keepToken(token);
  });
}

export function Gate({ children }: { readonly children: ReactNode }) {
  const token = useToken();
  const [attempt, setAttempt] = useState(atStart);
  const [settled, setSettled] = useState<{ readonly of: typeof attempt; readonly failure: unknown }>(NOT_ASKED);

  useEffect(() => {
    attempt?.then(
      () => setSettled({ of: attempt, failure: null }),
      (failure: unknown) => setSettled({ of: attempt, failure }),
    );
  }, [attempt]);

  // Followed in a tab that shows the page already, a link changes the fragment and loads nothing.
  useEffect(() => {
    const follow = () => {
      const next = open(takeTicket());
      if (next) setAttempt(next);
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);

  if (settled.of !== attempt) {
    return (
      <Alone>
        <Loading />
      </Alone>
    );
  }
  if (token !== null) return children;
  return (
    <Alone>
      <Stack>
        <Title order={1} size="h2">
          {words.title}
        </Title>
        {settled.failure !== null && (
          <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={words.failed} role="alert">
            {failureText(settled.failure)}
          </Alert>
        )}
        <Text>{words.text}</Text>
        <Code block>{words.command}</Code>
      </Stack>
    </Alone>
  );
}

function Alone({ children }: { readonly children: ReactNode }) {
  return (
    <Center mih="100dvh" component="main">
      <Container size={460} w="100%" py="xl">
        {children}
      </Container>
    </Center>
  );
}
