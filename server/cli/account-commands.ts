import type { Command } from 'commander';
import {
  type AccountView,
  accountList,
  accountView,
  invitationView,
  invitedAccount,
} from '../../shared/api/accounts.ts';
import { endedAccess } from '../../shared/api/session.ts';
import { linkLines, requireSent } from './account-links.ts';
import { type Cli, commandOf } from './cli.ts';
import { table } from './output.ts';
import { roleNamed } from './role-names.ts';

const HEAD = ['id', 'e-mail', 'address', 'name', 'status', 'roles'];

export function addAccountCommands(program: Command, cli: Cli): void {
  const accounts = commandOf(program, 'accounts');
  accounts
    .command('list')
    .description('List all accounts')
    .action(async () => {
      const { accounts: all } = await cli.client().call(accountList, 'GET', '/accounts');
      cli.out().show(all, table(HEAD, all.map(row)));
    });
  accounts
    .command('add')
    .description('Create an account and an invitation link. The server mails the link if it has a mail server')
    .argument('<email>')
    .argument('<name>')
    .option('--role <role...>', 'roles that apply to all groups and areas')
    .action(async (email: string, name: string, { role = [] }: { role?: string[] }) => {
      const client = cli.client();
      const grants = await Promise.all(role.map(async (one) => ({ role: await roleNamed(client, one) })));
      const created = await client.call(invitedAccount, 'POST', '/accounts', { email, name, grants });
      cli.out().show(created, [...table(HEAD, [row(created.account)]), ...linkLines(created, name)]);
      requireSent(created, `The account ${created.account.id} was created`, created.account.id);
    });
  accounts
    .command('invite')
    .description(
      'Create a new link after a user lost the password or phone. The server mails it if it has a mail server',
    )
    .argument('<account>')
    .action(async (id: string) => {
      const invitation = await cli.client().call(invitationView, 'POST', `${accountPath(id)}/invitation`);
      cli.out().show(invitation, invitation.link === null ? linkLines(invitation, id) : [invitation.link]);
      requireSent(invitation, 'The link was created', id);
    });
  for (const [name, method, text] of [
    ['grant', 'POST', 'Grant a role'],
    ['revoke', 'DELETE', 'Revoke a role'],
  ] as const) {
    accounts
      .command(name)
      .description(text)
      .argument('<account>')
      .argument('<role>', 'role: owner, fleet, helpdesk, legal, auditor, backup, or a custom role')
      .option('--group <group>', 'limit the role to devices of this group')
      .option('--area <area>', 'limit the role to orders and home areas within this area')
      .action(async (id: string, role: string, scope: { group?: string; area?: string }) => {
        const path = `${accountPath(id)}/grants`;
        const client = cli.client();
        const body = { role: await roleNamed(client, role), ...scope };
        const account = await client.call(accountView, method, path, body);
        cli.out().show(account, table(HEAD, [row(account)]));
      });
  }
  accounts
    .command('unlink')
    .description('Unlink an account from the identity provider. Without an account, unlink your own')
    .argument('[account]')
    .action(async (id: string | undefined) => {
      const path = id === undefined ? '/session/provider/link' : `${accountPath(id)}/identity`;
      const account = await cli.client().call(accountView, 'DELETE', path);
      cli.out().show(account, table(HEAD, [row(account)]));
    });
  for (const [name, status, text] of [
    ['disable', 'disabled', 'Disable an account. Its sessions and tokens end, and nobody can sign in'],
    ['enable', 'active', 'Enable an account, so that its holder can sign in again'],
  ] as const) {
    accounts
      .command(name)
      .description(text)
      .argument('<account>')
      .action(async (id: string) => {
        const account = await cli.client().call(accountView, 'PATCH', accountPath(id), { status });
        cli.out().show(account, table(HEAD, [row(account)]));
      });
  }

  accounts
    .command('sign-out')
    .description('End all sessions and tokens of an account')
    .argument('<account>')
    .action(async (id: string) => {
      const ended = await cli.client().call(endedAccess, 'DELETE', `${accountPath(id)}/access`);
      cli.out().show(ended, [`Ended ${ended.sessions} sessions and ${ended.tokens} tokens.`]);
    });
}

function row({ id, email, emailVerifiedAt, name, status, ready, grants }: AccountView) {
  const roles = grants.map(
    ({ role, name: custom, group, area, source }) =>
      [custom ?? role, group, area].filter(Boolean).join(':') + (source === 'provider' ? '[provider]' : ''),
  );
  const address = emailVerifiedAt === null ? 'not verified' : 'verified';
  return [id, email, address, name, ready ? status : 'invited', roles.join(' ') || null];
}

const accountPath = (id: string): string => `/accounts/${encodeURIComponent(id)}`;
