/** One's own account: what one may do, the key with which one approves, and tokens for scripts. */
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
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Empty, Failure } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { OwnKeyPanel } from '../approver-key/own-key-panel.tsx';
import { useOwnKey } from '../approver-key/use-own-key.ts';
import { call } from '../client/call.ts';
import { groupsQuery, question } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { useMay, useSession } from '../client/session.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { limitOf, ROLE_MEANING, ROLE_NAMES } from './role-words.ts';
import { OwnSessions } from './sessions.tsx';

const tokensQuery = question([], '/tokens', tokenList);
type Token = z.output<typeof tokenView>;

export function AccountPage() {
  const { account, expiresAt } = useSession();
  const may = useMay();
  const groups = useQuery({ ...groupsQuery, enabled: may('groups.list') }).data?.groups ?? [];
  const groupName = (id: string) => groups.find((group) => group.id === id)?.name ?? id;
  return (
    <Page title="Your account" lead={`${account.name} · ${account.email}`}>
      <Section title="What you may do">
        {account.grants.length === 0 ? (
          <Empty title="No role yet">An owner of this installation can give you one.</Empty>
        ) : (
          <Stack gap="xs">
            {account.grants.map((grant) => {
              const limit = limitOf(grant, groupName);
              return (
                <Group key={`${grant.role} ${limit}`} gap="xs">
                  <Badge size="lg">{ROLE_NAMES[grant.role]}</Badge>
                  {limit && (
                    <Text>
                      only <Given>{limit}</Given>
                    </Text>
                  )}
                  <Text c="dimmed">{ROLE_MEANING[grant.role]}</Text>
                </Group>
              );
            })}
          </Stack>
        )}
        {expiresAt !== null && (
          <Text size="sm" c="dimmed">
            You are signed in until {dateTime(expiresAt)}.
          </Text>
        )}
      </Section>
      {may('approver-keys.register') && (
        <Section title="Your key as an approver">
          <OwnKey />
        </Section>
      )}
      <Section title="Your sessions">
        <OwnSessions />
      </Section>
      <Section title="Tokens for scripts">
        <Tokens />
      </Section>
    </Page>
  );
}

function OwnKey() {
  const { data, error } = useOwnKey();
  if (error) return <Failure error={error} />;
  return data ? <OwnKeyPanel own={data} /> : null;
}

const LIFETIMES = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
];

function Tokens() {
  const tokens = useQuery(tokensQuery);
  const client = useQueryClient();
  const now = useNow(60_000);
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<Token | null>(null);
  const changed = () => client.invalidateQueries({ queryKey: tokensQuery.queryKey });
  return (
    <Stack gap="sm" align="stretch">
      <Text c="dimmed" maw={760}>
        A token acts as you, with your roles of the moment, through the REST API and the command line. It cannot make
        other tokens.
      </Text>
      <div>
        <Button variant="default" onClick={() => setMaking(true)}>
          Make a token
        </Button>
      </div>
      <Answer query={tokens}>
        {({ tokens: all }) =>
          all.length === 0 ? null : (
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {all.map((token) => (
                <Paper key={token.id} component="li" withBorder p="sm">
                  <Group justify="space-between" gap="sm">
                    <div>
                      <Text fw={500}>
                        <Given>{token.name}</Given>
                      </Text>
                      <Text size="sm" c="dimmed">
                        Made <Moment at={token.createdAt} now={now} />
                        {token.expiresAt === null ? ', without an end' : `, works until ${dateTime(token.expiresAt)}`}
                        {token.destructive && ' · allows destructive actions'}
                      </Text>
                    </div>
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={`End the token ${token.name}`}
                      onClick={() => setEnding(token)}
                    >
                      End
                    </Button>
                  </Group>
                </Paper>
              ))}
            </Stack>
          )
        }
      </Answer>
      <MakeToken opened={making} close={() => setMaking(false)} changed={changed} />
      <Confirm
        title="End this token?"
        opened={ending !== null}
        close={() => setEnding(null)}
        verb="End the token"
        grave
        act={async () => {
          await call('DELETE', `/tokens/${ending?.id}`, done);
          await changed();
        }}
      >
        <Text>
          Scripts that use <Given>{ending?.name ?? ''}</Given> are refused from now on.
        </Text>
      </Confirm>
    </Stack>
  );
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
  const make = useMutation({
    mutationFn: () =>
      call('POST', '/tokens', createdToken, { name: name.trim(), expiresInDays: Number(days), destructive }),
    onSuccess: changed,
  });
  const leave = () => {
    setName('');
    setDestructive(false);
    make.reset();
    close();
  };
  return (
    <Modal opened={opened} onClose={leave} title="Make a token">
      {make.data ? (
        <Stack>
          <Text>Put it where the script reads it, such as CORDON_TOKEN for the command line.</Text>
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {make.data.secret}
          </Code>
          <CopyButton text={make.data.secret}>Copy the token</CopyButton>
          <Alert color="yellow">It is shown this once.</Alert>
          <Button variant="default" onClick={leave}>
            Done
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
              label="What it is for"
              required
              data-autofocus
              value={name}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
            />
            <Select
              label="It works for"
              data={LIFETIMES}
              allowDeselect={false}
              value={days}
              onChange={(value) => setDays(value ?? '90')}
            />
            <Checkbox
              label="Allow destructive actions"
              description="The token may then wipe, unenroll and revoke devices, and change roles, without an authenticator code."
              checked={destructive}
              onChange={({ currentTarget }) => setDestructive(currentTarget.checked)}
            />
            <Button type="submit" loading={make.isPending}>
              Make the token
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
