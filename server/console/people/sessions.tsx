/** Open sessions and API tokens, each with its last use: the admin's own on the account page, those of every account for owners. */
import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { accessView, type openSession, sessionList, type tokenView } from '../../../shared/api/session.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Empty } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { question } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { accountsQuery } from './accounts.tsx';

const ownSessionsQuery = question(['accounts'], '/sessions', sessionList);
const accessQuery = question(['accounts'], '/access', accessView);
type OpenSession = z.output<typeof openSession>;
type Token = z.output<typeof tokenView> & { readonly account: string };

/** The session or token that the confirmation dialog will end. */
interface Ending {
  readonly path: string;
  readonly what: 'session' | 'token';
  readonly name: string;
}

export function OwnSessions() {
  const sessions = useQuery(ownSessionsQuery);
  const [ending, setEnding] = useState<Ending | null>(null);
  return (
    <Stack gap="sm" align="stretch">
      <Answer query={sessions}>
        {({ sessions: all }) => (
          <List>
            {all.map((session) => (
              <SessionRow
                key={session.id}
                session={session}
                end={() => setEnding({ path: `/sessions/${session.id}`, what: 'session', name: session.address })}
              />
            ))}
          </List>
        )}
      </Answer>
      <EndDialog ending={ending} close={() => setEnding(null)} />
    </Stack>
  );
}

/** A tab of the people page. */
export function Access() {
  const access = useQuery(accessQuery);
  const may = useMay();
  const accounts = useQuery({ ...accountsQuery, enabled: may('accounts.list') }).data?.accounts ?? [];
  const nameOf = (id: string) => accounts.find((account) => account.id === id)?.name ?? id;
  const [ending, setEnding] = useState<Ending | null>(null);
  const ender = (right: string, asked: Ending) => (may(right) ? () => setEnding(asked) : null);
  return (
    <Answer query={access}>
      {({ sessions, tokens }) => (
        <Stack gap="xl">
          <Section title="Open sessions">
            <List>
              {sessions.map((session) => {
                const name = nameOf(session.account);
                const asked = { path: `/access/sessions/${session.id}`, what: 'session' as const, name };
                return (
                  <SessionRow key={session.id} session={session} name={name} end={ender('access.end-session', asked)} />
                );
              })}
            </List>
          </Section>
          <Section title="API tokens">
            {tokens.length === 0 && <Empty title="No tokens">No account has an API token.</Empty>}
            <List>
              {tokens.map((token) => {
                const asked = { path: `/access/tokens/${token.id}`, what: 'token' as const, name: token.name };
                return (
                  <TokenRow
                    key={token.id}
                    token={token}
                    name={nameOf(token.account)}
                    end={ender('access.end-token', asked)}
                  />
                );
              })}
            </List>
          </Section>
          <EndDialog ending={ending} close={() => setEnding(null)} />
        </Stack>
      )}
    </Answer>
  );
}

function List({ children }: { readonly children: React.ReactNode }) {
  return (
    <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
      {children}
    </Stack>
  );
}

interface RowProps {
  /** The account's, when rows of several accounts are shown. */
  readonly name?: string;
  /** Null: the admin may not end it. */
  readonly end: (() => void) | null;
}

function SessionRow({ session, name, end }: RowProps & { readonly session: OpenSession }) {
  const now = useNow(60_000);
  return (
    <Paper component="li" withBorder p="sm">
      <Group justify="space-between" gap="sm">
        <div>
          <Group gap="xs">
            <Text fw={500}>
              <Given>{name ?? session.address}</Given>
            </Text>
            {session.current && <Badge>This session</Badge>}
          </Group>
          <Text size="sm" c="dimmed">
            {name !== undefined && (
              <>
                From <Given>{session.address}</Given>.{' '}
              </>
            )}
            Last used <Moment at={session.lastUsedAt} now={now} />. Signed in{' '}
            <Moment at={session.createdAt} now={now} />.
          </Text>
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            <Given>{session.userAgent || 'Unknown program'}</Given>
          </Text>
        </div>
        {end && !session.current && (
          <Button
            size="xs"
            variant="default"
            aria-label={`End the session of ${name ?? session.address}`}
            onClick={end}
          >
            End session
          </Button>
        )}
      </Group>
    </Paper>
  );
}

function TokenRow({ token, name, end }: RowProps & { readonly token: Token }) {
  const now = useNow(60_000);
  return (
    <Paper component="li" withBorder p="sm">
      <Group justify="space-between" gap="sm">
        <div>
          <Group gap="xs">
            <Text fw={500}>
              <Given>{token.name}</Given>
            </Text>
            {token.destructive && <Badge color="red">Destructive</Badge>}
          </Group>
          <Text size="sm" c="dimmed">
            Token of <Given>{name ?? token.account}</Given>.{' '}
            {token.lastUsedAt === null ? (
              'Never used.'
            ) : (
              <>
                Last used <Moment at={token.lastUsedAt} now={now} /> from <Given>{token.lastAddress ?? ''}</Given>.
              </>
            )}
          </Text>
        </div>
        {end && (
          <Button size="xs" variant="default" aria-label={`End the token ${token.name}`} onClick={end}>
            End token
          </Button>
        )}
      </Group>
    </Paper>
  );
}

function EndDialog({ ending, close }: { readonly ending: Ending | null; readonly close: () => void }) {
  const client = useQueryClient();
  return (
    <Confirm
      title={ending?.what === 'token' ? 'End this token?' : 'End this session?'}
      opened={ending !== null}
      close={close}
      verb={ending?.what === 'token' ? 'End token' : 'End session'}
      grave
      act={async () => {
        await call('DELETE', ending?.path ?? '', done);
        await Promise.all(
          [ownSessionsQuery, accessQuery].map(({ queryKey }) => client.invalidateQueries({ queryKey })),
        );
      }}
    >
      <Text>
        {ending?.what === 'token' ? (
          <>
            Scripts that use <Given>{ending.name}</Given> are refused from now on.
          </>
        ) : (
          <>
            The admin is signed out of the session of <Given>{ending?.name ?? ''}</Given> at once.
          </>
        )}
      </Text>
    </Confirm>
  );
}
