/** `cordon sessions` manages sign-in sessions. `cordon tokens` manages API tokens. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { accessView, createdToken, type openSession, sessionList, tokenList } from '../../shared/api/session.ts';
import { done } from '../../shared/api/wire.ts';
import { type Cli, commandOf } from './cli.ts';
import { table, when } from './output.ts';
import { customRoleNamed } from './role-names.ts';

export function addSessionCommands(program: Command, cli: Cli): void {
  addSessions(program, cli);
  addTokens(program, cli);
}

function addSessions(program: Command, cli: Cli): void {
  const sessions = commandOf(program, 'sessions');
  sessions
    .command('list')
    .description('List your sessions, or with --all the sessions and tokens of every account')
    .option('--all', 'include every account (owners only)')
    .action(async ({ all }: { all?: boolean }) => {
      if (!all) {
        const { sessions: own } = await cli.client().call(sessionList, 'GET', '/sessions');
        cli.out().show(own, sessionRows(own));
        return;
      }
      const access = await cli.client().call(accessView, 'GET', '/access');
      const tokens = table(
        ['token', 'account', 'name', 'last used', 'from', 'expires'],
        access.tokens.map(({ id, account, name, lastUsedAt, lastAddress, expiresAt }) => [
          id,
          account,
          name,
          lastUsedAt === null ? 'never' : when(lastUsedAt),
          lastAddress,
          when(expiresAt),
        ]),
      );
      cli.out().show(access, [...sessionRows(access.sessions), '', ...tokens]);
    });
  sessions
    .command('end')
    .description('End one session or token. Owners can end those of any account')
    .argument('<id>', 'id of a session (ses_…) or token (tok_…)')
    .option('--own', 'end one of your own sessions. The owner role is not needed')
    .action(async (id: string, { own }: { own?: boolean }) => {
      const kind = own ? '/sessions' : id.startsWith('tok_') ? '/access/tokens' : '/access/sessions';
      cli.out().show(await cli.client().call(done, 'DELETE', `${kind}/${encodeURIComponent(id)}`), ['Ended.']);
    });
}

const sessionRows = (all: readonly z.output<typeof openSession>[]): string[] =>
  table(
    ['id', 'account', 'address', 'last used', 'signed in', 'program', ''],
    all.map(({ id, account, address, lastUsedAt, createdAt, userAgent, current }) => [
      id,
      account,
      address,
      when(lastUsedAt),
      when(createdAt),
      userAgent,
      current ? 'this session' : null,
    ]),
  );

interface TokenOptions {
  readonly days?: number;
  readonly destructive?: boolean;
  readonly role?: string;
}

function addTokens(program: Command, cli: Cli): void {
  const tokens = commandOf(program, 'tokens');
  tokens
    .command('list')
    .description('List your API tokens')
    .action(async () => {
      const { tokens: all } = await cli.client().call(tokenList, 'GET', '/tokens');
      const rows = all.map(({ id, name, createdAt, expiresAt }) => [id, name, when(createdAt), when(expiresAt)]);
      cli.out().show(all, table(['id', 'name', 'made', 'expires'], rows));
    });
  tokens
    .command('create')
    .description('Create an API token. It is shown only once')
    .argument('<name>')
    .option('--days <days>', 'lifetime in days', Number)
    .option('--destructive', 'allow the token to wipe, unenroll and revoke devices and to change roles')
    .option('--role <role>', 'limit the token to the rights of this custom role')
    .action(async (name: string, { days, destructive, role }: TokenOptions) => {
      const client = cli.client();
      const limit = role === undefined ? {} : { role: await customRoleNamed(client, role) };
      const body = { name, destructive, ...limit, ...(days === undefined ? {} : { expiresInDays: days }) };
      const created = await client.call(createdToken, 'POST', '/tokens', body);
      cli.out().show(created, [created.secret]);
    });
  tokens
    .command('delete')
    .description('Delete an API token')
    .argument('<token>', 'id')
    .action(async (id: string) => {
      cli.out().show(await cli.client().call(done, 'DELETE', `/tokens/${encodeURIComponent(id)}`), ['Ended.']);
    });
}
