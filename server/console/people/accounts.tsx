import { Badge, Button, Group, Menu, Paper, Stack, Text } from '@mantine/core';
import { IconDots, IconUserPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type AccountView, accountList, accountView } from '../../../shared/api/accounts.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { groupsQuery, installationQuery, providerQuery, topicQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { useMay, useSession } from '../client/session.tsx';
import { trustedGroups } from '../parts/group-choices.ts';
import { PageLink } from '../parts/links.tsx';
import { Moment } from '../parts/words.tsx';
import { GrantDialog } from './grant-dialog.tsx';
import { InvitationDialog, InviteDialog } from './invite-dialog.tsx';
import { limitOf, roleNameOf } from './role-words.ts';

export const accountsQuery = topicQuery(['accounts'], '/accounts', accountList);
type Grant = AccountView['grants'][number];

type OpenDialog =
  | { readonly kind: 'invite' }
  | { readonly kind: 'link'; readonly account: AccountView }
  | { readonly kind: 'grant'; readonly account: AccountView }
  | { readonly kind: 'remove-role'; readonly account: AccountView; readonly grant: Grant }
  | { readonly kind: 'unlink'; readonly account: AccountView }
  | { readonly kind: 'status'; readonly account: AccountView; readonly to: AccountView['status'] };

export function Accounts() {
  const accounts = useQuery(accountsQuery);
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const may = useMay();
  const client = useQueryClient();
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const close = () => setDialog(null);
  const changed = () => client.invalidateQueries({ queryKey: accountsQuery.queryKey });
  const groupName = (id: string) => groups.find((group) => group.id === id)?.name ?? 'a deleted group';
  const provider = useQuery(providerQuery).data?.provider?.name ?? 'the identity provider';
  const labelOf = (grant: Grant) => [roleNameOf(grant), limitOf(grant, groupName)].filter(Boolean).join(': ');

  return (
    <Stack>
      {may('accounts.create') && (
        <div>
          <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setDialog({ kind: 'invite' })}>
            Invite person
          </Button>
        </div>
      )}
      <QueryResult query={accounts}>
        {({ accounts: all }) => (
          <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
            {all.map((account) => (
              <Row
                key={account.id}
                account={account}
                labelOf={labelOf}
                provider={provider}
                openDialog={may('accounts.update') ? setDialog : null}
              />
            ))}
          </Stack>
        )}
      </QueryResult>

      <InviteDialog opened={dialog?.kind === 'invite'} close={close} groups={trustedGroups(groups)} changed={changed} />
      <InvitationDialog account={dialog?.kind === 'link' ? dialog.account : null} close={close} changed={changed} />
      <GrantDialog
        account={dialog?.kind === 'grant' ? dialog.account : null}
        close={close}
        groups={trustedGroups(groups)}
        changed={changed}
      />
      <Confirm
        title="Remove role"
        opened={dialog?.kind === 'remove-role'}
        close={close}
        verb="Remove role"
        grave
        act={async () => {
          if (dialog?.kind !== 'remove-role') return;
          const { source: _, name: __, ...grant } = dialog.grant;
          await call('DELETE', `/accounts/${dialog.account.id}/grants`, accountView, grant);
          await changed();
        }}
      >
        {dialog?.kind === 'remove-role' && (
          <Text>
            <UserText>{dialog.account.name}</UserText> loses the role “{labelOf(dialog.grant)}” at once, also in open
            sessions.
            {dialog.grant.source === 'provider' &&
              ` The role returns at the next sign-in, unless you also remove the person from the group at ${provider}.`}
          </Text>
        )}
      </Confirm>
      <Confirm
        title="Unlink account"
        opened={dialog?.kind === 'unlink'}
        close={close}
        verb="Unlink account"
        grave
        act={async () => {
          if (dialog?.kind !== 'unlink') return;
          await call('DELETE', `/accounts/${dialog.account.id}/identity`, accountView);
          await changed();
        }}
      >
        {dialog?.kind === 'unlink' && (
          <Text>
            <UserText>{dialog.account.name}</UserText> is signed out at once and loses the roles of {provider}. The
            person can then sign in only with a password or passkey.
          </Text>
        )}
      </Confirm>
      <Confirm
        title={dialog?.kind === 'status' && dialog.to === 'active' ? 'Enable account' : 'Disable account'}
        opened={dialog?.kind === 'status'}
        close={close}
        verb={dialog?.kind === 'status' && dialog.to === 'active' ? 'Enable account' : 'Disable account'}
        grave={dialog?.kind === 'status' && dialog.to === 'disabled'}
        act={async () => {
          if (dialog?.kind !== 'status') return;
          await call('PATCH', `/accounts/${dialog.account.id}`, accountView, { status: dialog.to });
          await changed();
        }}
      >
        {dialog?.kind === 'status' && (
          <Text>
            <UserText>{dialog.account.name}</UserText>{' '}
            {dialog.to === 'active'
              ? 'can sign in again with the existing password and authenticator.'
              : 'is signed out at once and cannot sign in until an owner enables the account. The server cancels the person’s approvals of pending changes for good.'}
          </Text>
        )}
      </Confirm>
    </Stack>
  );
}

function Row({
  account,
  labelOf,
  provider,
  openDialog,
}: {
  readonly account: AccountView;
  readonly labelOf: (grant: Grant) => string;
  readonly provider: string;
  readonly openDialog: ((dialog: OpenDialog) => void) | null;
}) {
  const now = useNow(60_000);
  const may = useMay();
  const { account: me } = useSession();
  const { id, name, email, emailVerifiedAt, status, ready, identity, grants, createdAt } = account;
  const mail = useQuery(installationQuery).data?.mail ?? false;
  return (
    <Paper component="li" withBorder p="md">
      <Group justify="space-between" gap="sm" wrap="nowrap" align="flex-start">
        <Stack gap={6} miw={0}>
          <Group gap="xs">
            <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
              <UserText>{name}</UserText>
            </Text>
            {id === me.id && <Badge variant="outline">You</Badge>}
            {status === 'disabled' && <Badge color="red">Disabled</Badge>}
            {emailVerifiedAt !== null && <Badge color="green">Verified address</Badge>}
            {identity !== null && <Badge color="green">Linked to the identity provider</Badge>}
            {mail && ready && emailVerifiedAt === null && identity === null && (
              <Badge color="gray">Address not verified</Badge>
            )}
            {status === 'active' && !ready && <Badge color="yellow">Invitation pending</Badge>}
          </Group>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            <UserText>{email}</UserText> · created <Moment at={createdAt} now={now} />
            {may('activity.list') && (
              <>
                {' · '}
                <PageLink to="/ledger" search={{ admin: id }} underline="always" aria-label={`Activity of ${name}`}>
                  Activity
                </PageLink>
              </>
            )}
          </Text>
          <Group gap={6}>
            {grants.length === 0 && (
              <Text size="sm" c="dimmed">
                This account has no role and no access.
              </Text>
            )}
            {grants.map((grant) => (
              <Group key={labelOf(grant)} gap={6}>
                <Badge size="lg">
                  <UserText>{labelOf(grant)}</UserText>
                </Badge>
                {grant.source === 'provider' && <Text size="sm">{`from ${provider}`}</Text>}
              </Group>
            ))}
          </Group>
        </Stack>
        {openDialog && (
          <Menu position="bottom-end" width={230}>
            <Menu.Target>
              <Button variant="default" size="compact-md" aria-label={`Actions for ${name}`}>
                <IconDots size={18} aria-hidden />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => openDialog({ kind: 'grant', account })}>Grant role</Menu.Item>
              {grants.map((grant) => (
                <Menu.Item key={labelOf(grant)} onClick={() => openDialog({ kind: 'remove-role', account, grant })}>
                  Remove role: {labelOf(grant)}
                </Menu.Item>
              ))}
              <Menu.Item onClick={() => openDialog({ kind: 'link', account })}>
                {ready ? 'Reset password and authenticator' : 'Create invitation link'}
              </Menu.Item>
              {identity !== null && (
                <Menu.Item onClick={() => openDialog({ kind: 'unlink', account })}>Unlink from {provider}</Menu.Item>
              )}
              <Menu.Divider />
              {status === 'active' ? (
                <Menu.Item
                  c="var(--mantine-color-error)"
                  onClick={() => openDialog({ kind: 'status', account, to: 'disabled' })}
                >
                  Disable account
                </Menu.Item>
              ) : (
                <Menu.Item onClick={() => openDialog({ kind: 'status', account, to: 'active' })}>
                  Enable account
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
    </Paper>
  );
}
