import {
  Alert,
  Badge,
  Button,
  Checkbox,
  Code,
  Group,
  Modal,
  Paper,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { createdToken, tokenList, type tokenView } from '../../../shared/api/session.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { CopyButton } from '../../../shared/look/copy-button.tsx';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { OwnKeyPanel } from '../approver-key/own-key-panel.tsx';
import { useOwnKey } from '../approver-key/use-own-key.ts';
import { call } from '../client/call.ts';
import { groupsQuery, providerQuery, topicQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { useMay, useSession } from '../client/session.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment, RealDate } from '../parts/words.tsx';
import { customRolesQuery } from '../roles/queries.ts';
import { OwnAddress } from './own-address.tsx';
import { OwnIdentity } from './own-identity.tsx';
import { Passkeys } from './passkeys.tsx';
import { limitOf, roleMeaningOf, roleNameOf } from './role-words.ts';
import { OwnSessions } from './sessions.tsx';

const tokensQuery = topicQuery([], '/tokens', tokenList);
type Token = z.output<typeof tokenView>;

export function AccountPage() {
  const { account, expiresAt } = useSession();
  const may = useMay();
  const groups = useQuery({ ...groupsQuery, enabled: may('groups.list') }).data?.groups ?? [];
  const groupName = (id: string) => groups.find((group) => group.id === id)?.name ?? id;
  const provider = useQuery(providerQuery).data?.provider ?? null;
  return (
    <Page title="Your account" lead={`${account.name} · ${account.email}`}>
      <Section title="Roles">
        {account.grants.length === 0 ? (
          <Empty title="No roles">Ask an admin with the role owner to give you a role.</Empty>
        ) : (
          <Stack gap="xs">
            {account.grants.map((grant) => {
              const limit = limitOf(grant, groupName);
              return (
                <Group key={`${grant.role} ${limit}`} gap="xs">
                  <Badge size="lg">{roleNameOf(grant)}</Badge>
                  {grant.source === 'provider' && <Text>from {provider?.name ?? 'the identity provider'}</Text>}
                  {limit && (
                    <Text>
                      limited to <UserText>{limit}</UserText>
                    </Text>
                  )}
                  <Text c="dimmed">{roleMeaningOf(grant)}</Text>
                </Group>
              );
            })}
          </Stack>
        )}
        {expiresAt !== null && (
          <Text size="sm" c="dimmed">
            Your session ends <RealDate at={expiresAt} />.
          </Text>
        )}
      </Section>
      <Section title="E-mail address">
        <OwnAddress />
      </Section>
      {provider && (
        <Section title="Identity provider">
          <OwnIdentity name={provider.name} />
        </Section>
      )}
      <Section title="Passkeys and recovery codes">
        <Passkeys />
      </Section>
      {may('approver-keys.register') && (
        <Section title="Approver key">
          <OwnKey />
        </Section>
      )}
      <Section title="Sessions">
        <OwnSessions />
      </Section>
      <Section title="API tokens">
        <Tokens />
      </Section>
    </Page>
  );
}

function OwnKey() {
  const { data, error } = useOwnKey();
  if (data) return <OwnKeyPanel own={data} />;
  return error ? <Failure error={error} /> : null;
}

const LIFETIMES = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
];

function Tokens() {
  const tokens = useQuery(tokensQuery);
  const roles = useCustomRoles();
  const client = useQueryClient();
  const now = useNow(60_000);
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<Token | null>(null);
  const changed = () => client.invalidateQueries({ queryKey: tokensQuery.queryKey });
  return (
    <Stack gap="sm" align="stretch">
      <Text c="dimmed" maw={760}>
        A script with a token has your current roles in the REST API and on the command line. A token cannot create
        other tokens.
      </Text>
      <div>
        <Button variant="default" onClick={() => setMaking(true)}>
          Create token
        </Button>
      </div>
      <QueryResult query={tokens}>
        {({ tokens: all }) =>
          all.length === 0 ? null : (
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {all.map((token) => (
                <Paper key={token.id} component="li" withBorder p="sm">
                  <Group justify="space-between" gap="sm">
                    <div>
                      <Text fw={500}>
                        <UserText>{token.name}</UserText>
                      </Text>
                      <Text size="sm" c="dimmed">
                        Created <Moment at={token.createdAt} now={now} />
                        {token.expiresAt === null ? (
                          ', no expiry'
                        ) : (
                          <>
                            , expires <RealDate at={token.expiresAt} />
                          </>
                        )}
                        {token.destructive && ' · allows destructive actions'}
                        {token.role !== null && (
                          <>
                            {' · limited to '}
                            <UserText>{roles.find((each) => each.id === token.role)?.name ?? 'a custom role'}</UserText>
                          </>
                        )}
                      </Text>
                    </div>
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={`Revoke token ${token.name}`}
                      onClick={() => setEnding(token)}
                    >
                      Revoke token
                    </Button>
                  </Group>
                </Paper>
              ))}
            </Stack>
          )
        }
      </QueryResult>
      <MakeToken opened={making} close={() => setMaking(false)} changed={changed} />
      <Confirm
        title="Revoke API token"
        opened={ending !== null}
        close={() => setEnding(null)}
        verb="Revoke token"
        grave
        act={async () => {
          await call('DELETE', `/tokens/${ending?.id}`, done);
          await changed();
        }}
      >
        <Text>
          The server refuses all further requests with the token <UserText>{ending?.name ?? ''}</UserText>.
        </Text>
      </Confirm>
    </Stack>
  );
}

function useCustomRoles() {
  const may = useMay();
  return useQuery({ ...customRolesQuery, enabled: may('roles.list') }).data?.roles ?? [];
}

function MakeToken({
  opened,
  close,
  changed,
}: {
  readonly opened: boolean;
  readonly close: () => void;
  readonly changed: () => Promise<void>;
}) {
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');
  const [destructive, setDestructive] = useState(false);
  const [role, setRole] = useState<string | null>(null);
  const roles = useCustomRoles();
  const make = useMutation({
    mutationFn: () =>
      call('POST', '/tokens', createdToken, { name: name.trim(), expiresInDays: Number(days), destructive, role }),
    onSuccess: changed,
  });
  const leave = () => {
    setName('');
    setDestructive(false);
    setRole(null);
    make.reset();
    close();
  };
  return (
    <Modal opened={opened} onClose={leave} title="Create API token">
      {make.data ? (
        <Stack>
          <Text>Set the token as CORDON_TOKEN in the environment of your script.</Text>
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {make.data.secret}
          </Code>
          <CopyButton text={make.data.secret}>Copy token</CopyButton>
          <Alert color="yellow">Copy the token now. It is shown only once.</Alert>
          <Button variant="default" onClick={leave}>
            Close
          </Button>
        </Stack>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            make.mutate();
          }}
        >
          <Stack>
            {make.isError && <Failure error={make.error} />}
            <TextInput
              label="Purpose"
              required
              data-autofocus
              value={name}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
            />
            <Select
              label="Valid for"
              data={LIFETIMES}
              allowDeselect={false}
              value={days}
              onChange={(value) => setDays(value ?? '90')}
            />
            {roles.length > 0 && (
              <Select
                label="Limit to role"
                description="The token then has only those rights of your account that the role also has."
                placeholder="All rights of your account"
                data={roles.map((each) => ({ value: each.id as string, label: each.name }))}
                value={role}
                onChange={setRole}
                clearable
                clearButtonProps={{ 'aria-label': 'Clear selection' }}
              />
            )}
            <Checkbox
              label="Allow destructive actions"
              description="The token can then wipe, unenroll and revoke devices and change roles without an authenticator code."
              checked={destructive}
              onChange={({ currentTarget }) => setDestructive(currentTarget.checked)}
            />
            <Button type="submit" loading={make.isPending}>
              Create token
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
