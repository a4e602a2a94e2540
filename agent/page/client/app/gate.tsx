/**
 * Entry to the device page (the agent's web page). A link from `cordon-agent open` opens the page; a visitor without a link sees
 * instructions.
 */

import { Alert, Code, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { type ReactNode, useEffect, useState } from 'react';
import { Centered } from '../../../../shared/look/centered.tsx';
import { failureText, Loading } from '../../../../shared/look/states.tsx';
import { sessionView } from '../../api.ts';
import { call } from '../client/call.ts';
import { queryClient } from '../client/queries.ts';
import { reportUse } from '../client/report-use.ts';
import { keepToken, takeTicket, useToken } from '../client/session.ts';
import { WORDS } from '../words/english.ts';

const words = WORDS.gate;
const NOT_ASKED = { of: null, failure: null };

// The ticket works only once, and React may render a component twice. The page therefore reads the ticket outside components.
const atStart = open(takeTicket());

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

  // When the user opens a new link in the same tab, only the fragment of the address changes, so the browser does not reload the page.
  useEffect(() => {
    const follow = () => {
      const next = open(takeTicket());
      if (next) setAttempt(next);
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);

  useEffect(() => {
    // The page drops the data of an ended session.
    if (token === null) queryClient.clear();
    else return reportUse();
    return undefined;
  }, [token]);

  if (settled.of !== attempt) {
    return (
      <Centered>
        <Loading />
      </Centered>
    );
  }
  if (token !== null) return children;
  return (
    <Centered>
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
    </Centered>
  );
}
