/** Who can sign in, with which roles. A person without a password yet is invited by a link. */
import { Badge, Button, Group, Menu, Paper, Stack, Text } from '@mantine/core';
import { IconDots, IconUserPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type AccountView, accountList, accountView } from '../../../shared/api/accounts.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Given } from '../../../shared/look/given.tsx';
import { Answer } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { groupsQuery, question } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { useMay, useSession } from '../client/session.tsx';
import { Moment } from '../parts/words.tsx';
import { GrantDialog } from './grant-dialog.tsx';
import { InvitationDialog, InviteDialog } from './invite-dialog.tsx';
import { limitOf, ROLE_NAMES } from './role-words.ts';

export const accountsQuery = question(['accounts'], '/accounts', accountList);
type Grant = AccountView['grants'][number];

type Asking =
  | { readonly kind: 'invite' }
  | { readonly kind: 'invite-again'; readonly account: AccountView }
  | { readonly kind: 'grant'; readonly account: AccountView }
  | { readonly kind: 'take'; readonly account: AccountView; readonly grant: Grant }
  | { readonly kind: 'status'; readonly account: AccountView; readonly to: AccountView['status'] };

export function Accounts() {
  const accounts = useQuery(accountsQuery);
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const may = useMay();
  const client = useQueryClient();
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  const changed = () => client.invalidateQueries({ queryKey: accountsQuery.queryKey });
  const groupName = (id: string) => groups.find((group) => group.id === id)?.name ?? 'a group that is gone';
  const named = (grant: Grant) => [ROLE_NAMES[grant.role], limitOf(grant, groupName)].filter(Boolean).join(': ');

  return (
    <Stack>
      {may('accounts.create') && (
        <div>
          <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setAsking({ kind: 'invite' })}>
            Invite somebody
          </Button>
        </div>
      )}
      <Answer query={accounts}>
        {({ accounts: all }) => (
          <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
            {all.map((account) => (
              <Row key={account.id} account={account} named={named} ask={may('accounts.update') ? setAsking : null} />
            ))}
          </Stack>
        )}
      </Answer>

      <InviteDialog opened={asking?.kind === 'invite'} close={close} groups={groups} changed={changed} />
      <InvitationDialog
        account={asking?.kind === 'invite-again' ? asking.account : null}
        close={close}
        changed={changed}
      />
      <GrantDialog
        account={asking?.kind === 'grant' ? asking.account : null}
        close={close}
        groups={groups}
        changed={changed}
      />
      <Confirm
        title="Take this role away?"
        opened={asking?.kind === 'take'}
        close={close}
        verb="Take it away"
        grave
        act={async () => {
          if (asking?.kind !== 'take') return;
          await call('DELETE', `/accounts/${asking.account.id}/grants`, accountView, asking.grant);
          await changed();
        }}
      >
        {asking?.kind === 'take' && (
          <Text>
            <Given>{asking.account.name}</Given> is no longer “{named(asking.grant)}”, from this moment on, also where
            they are signed in now.
          </Text>
        )}
      </Confirm>
      <Confirm
        title={asking?.kind === 'status' && asking.to === 'active' ? 'Let them in again?' : 'Shut this account out?'}
        opened={asking?.kind === 'status'}
        close={close}
        verb={asking?.kind === 'status' && asking.to === 'active' ? 'Let them in' : 'Shut it out'}
        grave={asking?.kind === 'status' && asking.to === 'disabled'}
        act={async () => {
          if (asking?.kind !== 'status') return;
          await call('PATCH', `/accounts/${asking.account.id}`, accountView, { status: asking.to });
          await changed();
        }}
      >
        {asking?.kind === 'status' && (
          <Text>
            <Given>{asking.account.name}</Given>{' '}
            {asking.to === 'active'
              ? 'can sign in again with the password and the authenticator that they had.'
              : 'is signed out at once and cannot sign in until an owner enables the account. Their approvals of pending changes become void, and stay void.'}
          </Text>
        )}
      </Confirm>
    </Stack>
  );
}

function Row({
  account,
  named,
  ask,
}: {
  readonly account: AccountView;
  readonly named: (grant: Grant) => string;
  readonly ask: ((asking: Asking) => void) | null;
}) {
  const now = useNow(60_000);
  const { account: me } = useSession();
  const { id, name, email, status, ready, grants, createdAt } = account;
  return (
    <Paper component="li" withBorder p="md">
      <Group justify="space-between" gap="sm" wrap="nowrap" align="flex-start">
        <Stack gap={6} miw={0}>
          <Group gap="xs">
            <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
              <Given>{name}</Given>
            </Text>
            {id === me.id && <Badge variant="outline">You</Badge>}
            {status === 'disabled' && <Badge color="red">Shut out</Badge>}
            {status === 'active' && !ready && <Badge color="yellow">Invited, has not come yet</Badge>}
          </Group>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            <Given>{email}</Given> · since <Moment at={createdAt} now={now} />
          </Text>
          <Group gap={6}>
            {grants.length === 0 && (
              <Text size="sm" c="dimmed">
                No role: sees nothing.
              </Text>
            )}
            {grants.map((grant) => (
              <Badge key={named(grant)} size="lg">
                <Given>{named(grant)}</Given>
              </Badge>
            ))}
          </Group>
        </Stack>
        {ask && (
          <Menu position="bottom-end" width={230}>
            <Menu.Target>
              <Button variant="default" size="compact-md" aria-label={`What to do with ${name}`}>
                <IconDots size={18} aria-hidden />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => ask({ kind: 'grant', account })}>Give a role</Menu.Item>
              {grants.map((grant) => (
                <Menu.Item key={named(grant)} onClick={() => ask({ kind: 'take', account, grant })}>
                  Take away: {named(grant)}
                </Menu.Item>
              ))}
              <Menu.Item onClick={() => ask({ kind: 'invite-again', account })}>
                {ready ? 'New password and authenticator' : 'New invitation link'}
              </Menu.Item>
              <Menu.Divider />
              {status === 'active' ? (
                <Menu.Item
                  c="var(--mantine-color-error)"
                  onClick={() => ask({ kind: 'status', account, to: 'disabled' })}
                >
                  Shut out
                </Menu.Item>
              ) : (
                <Menu.Item onClick={() => ask({ kind: 'status', account, to: 'active' })}>Let in again</Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
    </Paper>
  );
}
