/**
 * Sessions and API tokens with the time of their last use. The account page shows those of the signed-in admin; owners can also see those
 * of all accounts.
 */
import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { accessView, type openSession, sessionList, type tokenView } from '../../../shared/api/session.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { accountsQuery } from './accounts.tsx';

const ownSessionsQuery = topicQuery(['accounts'], '/sessions', sessionList);
const accessQuery = topicQuery(['accounts'], '/access', accessView);
type OpenSession = z.output<typeof openSession>;
type Token = z.output<typeof tokenView> & { readonly account: string };

interface Ending {
  readonly path: string;
  readonly kind: 'session' | 'token';
  readonly name: string;
}

export function OwnSessions() {
  const sessions = useQuery(ownSessionsQuery);
  const [ending, setEnding] = useState<Ending | null>(null);
  return (
    <Stack gap="sm" align="stretch">
      <QueryResult query={sessions}>
        {({ sessions: all }) => (
          <List>
            {all.map((session) => (
              <SessionRow
                key={session.id}
                session={session}
                end={() => setEnding({ path: `/sessions/${session.id}`, kind: 'session', name: session.address })}
              />
            ))}
          </List>
        )}
      </QueryResult>
      <EndDialog ending={ending} close={() => setEnding(null)} />
    </Stack>
  );
}

export function Access() {
  const access = useQuery(accessQuery);
  const may = useMay();
  const accounts = useQuery({ ...accountsQuery, enabled: may('accounts.list') }).data?.accounts ?? [];
  const nameOf = (id: string) => accounts.find((account) => account.id === id)?.name ?? id;
  const [ending, setEnding] = useState<Ending | null>(null);
  const ender = (right: string, target: Ending) => (may(right) ? () => setEnding(target) : null);
  return (
    <QueryResult query={access}>
      {({ sessions, tokens }) => (
        <Stack gap="xl">
          <Section title="Open sessions">
            <List>
              {sessions.map((session) => {
                const name = nameOf(session.account);
                const target = { path: `/access/sessions/${session.id}`, kind: 'session' as const, name };
                return (
                  <SessionRow
                    key={session.id}
                    session={session}
                    name={name}
                    end={ender('access.end-session', target)}
                  />
                );
              })}
            </List>
          </Section>
          <Section title="API tokens">
            {tokens.length === 0 && (
              <Empty title="No API tokens">Tokens that admins create on their account page appear here.</Empty>
            )}
            <List>
              {tokens.map((token) => {
                const target = { path: `/access/tokens/${token.id}`, kind: 'token' as const, name: token.name };
                return (
                  <TokenRow
                    key={token.id}
                    token={token}
                    name={nameOf(token.account)}
                    end={ender('access.end-token', target)}
                  />
                );
              })}
            </List>
          </Section>
          <EndDialog ending={ending} close={() => setEnding(null)} />
        </Stack>
      )}
    </QueryResult>
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
  readonly name?: string;
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
              <UserText>{name ?? session.address}</UserText>
            </Text>
            {session.current && <Badge>This session</Badge>}
          </Group>
          <Text size="sm" c="dimmed">
            {name !== undefined && (
              <>
                From <UserText>{session.address}</UserText>.{' '}
              </>
            )}
            Last used <Moment at={session.lastUsedAt} now={now} />. Signed in{' '}
            <Moment at={session.createdAt} now={now} />.
          </Text>
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            <UserText>{session.userAgent || 'Unknown program'}</UserText>
          </Text>
        </div>
        {end && !session.current && (
          <Button size="xs" variant="default" aria-label={`End session of ${name ?? session.address}`} onClick={end}>
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
              <UserText>{token.name}</UserText>
            </Text>
            {token.destructive && <Badge color="red">Destructive</Badge>}
          </Group>
          <Text size="sm" c="dimmed">
            Token of <UserText>{name ?? token.account}</UserText>.{' '}
            {token.lastUsedAt === null ? (
              'Never used.'
            ) : (
              <>
                Last used <Moment at={token.lastUsedAt} now={now} /> from <UserText>{token.lastAddress ?? ''}</UserText>
                .
              </>
            )}
          </Text>
        </div>
        {end && (
          <Button size="xs" variant="default" aria-label={`Revoke token ${token.name}`} onClick={end}>
            Revoke token
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
      title={ending?.kind === 'token' ? 'Revoke API token' : 'End session'}
      opened={ending !== null}
      close={close}
      verb={ending?.kind === 'token' ? 'Revoke token' : 'End session'}
      grave
      act={async () => {
        await call('DELETE', ending?.path ?? '', done);
        await Promise.all(
          [ownSessionsQuery, accessQuery].map(({ queryKey }) => client.invalidateQueries({ queryKey })),
        );
      }}
    >
      <Text>
        {ending?.kind === 'token' ? (
          <>
            The server refuses all further requests with the token <UserText>{ending.name}</UserText>.
          </>
        ) : (
          <>
            The session of <UserText>{ending?.name ?? ''}</UserText> ends at once.
          </>
        )}
      </Text>
    </Confirm>
  );
}
