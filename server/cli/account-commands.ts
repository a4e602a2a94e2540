/** setup, sign-in, sign-out, accounts and tokens. */
import type { Command } from 'commander';
import { generate } from 'otplib';
import type { z } from 'zod';
import {
  type AccountView,
  accountList,
  accountView,
  invitationView,
  invitedAccount,
  redeemed,
} from '../../shared/api/accounts.ts';
import {
  accessView,
  createdToken,
  endedAccess,
  type openSession,
  sessionList,
  sessionView,
  tokenList,
} from '../../shared/api/session.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { readSecretArgument } from '../../shared/secret-argument.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { createClient } from './client.ts';
import { table, when } from './output.ts';
import { qrText } from './qr-text.ts';
import { ask, readSecret, readText } from './secrets.ts';

interface PasswordOptions {
  readonly passwordFile?: string;
}

interface SetupOptions extends PasswordOptions {
  readonly linkFile?: string;
  readonly email?: string;
  readonly name?: string;
}

export function addAccountCommands(program: Command, cli: Cli): void {
  const password = (what: string, { passwordFile }: PasswordOptions) =>
    readSecret(cli.terminal, {
      what,
      file: passwordFile,
      environment: cli.config.password,
      mend: 'give --password-file or CORDON_PASSWORD',
    });

  program
    .command('setup')
    .description(
      "redeem the first owner's link, or an invitation: sets a password and shows the authenticator's secret once",
    )
    .argument('[link]', 'the link or its token; better without it: the command then asks, or reads standard input')
    .option('--link-file <file>', 'read the link from this file (mode 0600)')
    .option('--email <email>', 'the first owner only')
    .option('--name <name>', 'the first owner only')
    .option('--password-file <file>', 'instead of typing it (or CORDON_PASSWORD)')
    .action(async (argument: string | undefined, options: SetupOptions) => {
      const { passwordFile: _, linkFile, ...given } = options;
      const asked = { given: argument, file: linkFile, what: 'Link', safe: 'cordon setup' };
      const { server, token } = readLink(await readSecretArgument(cli.terminal, asked), cli.client().server);
      const chosen = await password('New password (12 characters at least)', options);
      const client = createClient(server, { token: null, session: null });
      const made = await client.call(redeemed, 'POST', '/invitations/redeem', { ...given, token, password: chosen });
      const { account, totpSecret, totpUri } = made;
      cli
        .out()
        .show(made, [
          `Welcome, ${plain(account.name)} (${plain(account.email)}).`,
          'Put this into an authenticator app now; it is not shown again:',
          await qrText(totpUri),
          `secret: ${totpSecret}`,
          totpUri,
          `Then: cordon --server ${client.server} sign-in ${plain(account.email)}`,
        ]);
    });

  program
    .command('sign-in')
    .description('sign in; the session is kept in ~/.config/cordon/cli.json')
    .argument('<email>')
    .option('--password-file <file>', 'instead of typing it (or CORDON_PASSWORD)')
    .option('--totp <code>', "the authenticator's six digits")
    .option('--totp-secret-file <file>', 'make the code from the secret (or CORDON_TOTP_SECRET): for automation')
    .action(async (email: string, options: PasswordOptions & { totp?: string; totpSecretFile?: string }) => {
      const given = await password('Password', options);
      const secret = options.totpSecretFile ? readText(options.totpSecretFile).trim() : cli.config.totpSecret;
      const typed = async () => (cli.terminal.stdin.isTTY ? ask(cli.terminal, 'Code: ') : undefined);
      const totp = options.totp ?? (secret ? await generate({ secret }) : await typed());
      const client = createClient(cli.client().server, { token: null, session: null });
      const body = JSON.stringify({ email, password: given, totp });
      const answer = await client.raw('POST', '/api/v1/session', body, { 'content-type': 'application/json' });
      const view = sessionView.parse(await answer.json());
      const cookie = answer.headers.getSetCookie()[0]?.split(';')[0];
      if (!cookie || view.csrf === null)
        throw new CordonError('unavailable', 'The server gave no session; is this a Cordon server?');
      cli.config.save({ server: client.server, cookie, csrf: view.csrf });
      const { csrf: _, ...shown } = view;
      cli
        .out()
        .show(shown, [`Signed in at ${client.server} as ${plain(view.account.email)} until ${when(view.expiresAt)}.`]);
    });

  program
    .command('sign-out')
    .description('end the session and forget it')
    .action(async () => {
      if (cli.config.session) {
        const { server, ...session } = cli.config.session;
        await createClient(server, { token: null, session }).call(done, 'DELETE', '/session');
      }
      cli.config.save(null);
      cli.out().show({ done: true }, ['Signed out.']);
    });

  const show = (account: AccountView) => table(['id', 'e-mail', 'name', 'status', 'roles'], [row(account)]);

  const accounts = program.command('accounts').description('who may administer');
  accounts
    .command('list')
    .description('all accounts')
    .action(async () => {
      const { accounts: all } = await cli.client().call(accountList, 'GET', '/accounts');
      cli.out().show(all, table(['id', 'e-mail', 'name', 'status', 'roles'], all.map(row)));
    });
  accounts
    .command('add')
    .description('make an account and its one-time link')
    .argument('<email>')
    .argument('<name>')
    .option('--role <role...>', 'grant these roles for everything')
    .action(async (email: string, name: string, { role = [] }: { role?: string[] }) => {
      const grants = role.map((one) => ({ role: one }));
      const made = await cli.client().call(invitedAccount, 'POST', '/accounts', { email, name, grants });
      cli
        .out()
        .show(made, [
          ...show(made.account),
          `Give this link to ${plain(name)}; it works once, until ${when(made.expiresAt)}:`,
          made.link,
        ]);
    });
  accounts
    .command('invite')
    .description('another one-time link, for a lost password or phone')
    .argument('<account>')
    .action(async (id: string) => {
      const made = await cli.client().call(invitationView, 'POST', `/accounts/${encodeURIComponent(id)}/invitation`);
      cli.out().show(made, [made.link]);
    });
  for (const [name, method, text] of [
    ['grant', 'POST', 'grant a role'],
    ['revoke', 'DELETE', 'take a role away'],
  ] as const) {
    accounts
      .command(name)
      .description(text)
      .argument('<account>')
      .argument('<role>', 'owner, fleet, helpdesk, legal or auditor')
      .option('--group <group>', 'only for the devices of this group')
      .option('--area <area>', 'only for orders within this area, and devices whose home is there')
      .action(async (id: string, role: string, scope: { group?: string; area?: string }) => {
        const path = `/accounts/${encodeURIComponent(id)}/grants`;
        const account = await cli.client().call(accountView, method, path, { role, ...scope });
        cli.out().show(account, show(account));
      });
  }
  for (const [name, status, text] of [
    ['disable', 'disabled', 'end sessions and tokens and let nobody sign in'],
    ['enable', 'active', 'let its holder sign in again'],
  ] as const) {
    accounts
      .command(name)
      .description(text)
      .argument('<account>')
      .action(async (id: string) => {
        const account = await cli
          .client()
          .call(accountView, 'PATCH', `/accounts/${encodeURIComponent(id)}`, { status });
        cli.out().show(account, show(account));
      });
  }

  accounts
    .command('sign-out')
    .description('end all sessions and tokens of an account')
    .argument('<account>')
    .action(async (id: string) => {
      const ended = await cli.client().call(endedAccess, 'DELETE', `/accounts/${encodeURIComponent(id)}/access`);
      cli.out().show(ended, [`Ended ${ended.sessions} sessions and ${ended.tokens} tokens.`]);
    });

  const sessions = program.command('sessions').description('open sessions, with address and last use');
  const sessionRows = (all: readonly z.output<typeof openSession>[]) =>
    table(
      ['id', 'account', 'address', 'last used', 'signed in', 'program', ''],
      all.map(({ id, account, address, lastUsedAt, createdAt, userAgent, current }) => [
        ...[id, account, address, when(lastUsedAt), when(createdAt), userAgent],
        current ? 'this session' : null,
      ]),
    );
  sessions
    .command('list')
    .description("the caller's own sessions; with --all those of every account, and their tokens")
    .option('--all', 'of every account: for owners')
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
          ...[id, account, name, lastUsedAt === null ? 'never' : when(lastUsedAt), lastAddress, when(expiresAt)],
        ]),
      );
      cli.out().show(access, [...sessionRows(access.sessions), '', ...tokens]);
    });
  sessions
    .command('end')
    .description('end a session or a token of any account (owners), or a session of your own')
    .argument('<id>', 'of a session (ses_…) or a token (tok_…)')
    .option('--own', 'one of your own sessions: no owner is needed')
    .action(async (id: string, { own }: { own?: boolean }) => {
      const kind = own ? '/sessions' : id.startsWith('tok_') ? '/access/tokens' : '/access/sessions';
      cli.out().show(await cli.client().call(done, 'DELETE', `${kind}/${encodeURIComponent(id)}`), ['Ended.']);
    });

  const tokens = program.command('tokens').description('tokens for scripts: use one as CORDON_TOKEN');
  tokens
    .command('list')
    .description("one's own tokens")
    .action(async () => {
      const { tokens: all } = await cli.client().call(tokenList, 'GET', '/tokens');
      const rows = all.map(({ id, name, createdAt, expiresAt }) => [id, name, when(createdAt), when(expiresAt)]);
      cli.out().show(all, table(['id', 'name', 'made', 'expires'], rows));
    });
  tokens
    .command('create')
    .description('make a token; it is shown this once')
    .argument('<name>')
    .option('--days <days>', 'how long it works', Number)
    .option(
      '--destructive',
      'let the token wipe, unenroll and revoke devices, and change roles, without a step-up sign-in',
    )
    .action(async (name: string, { days, destructive }: { days?: number; destructive?: boolean }) => {
      const body = { name, destructive, ...(days === undefined ? {} : { expiresInDays: days }) };
      const made = await cli.client().call(createdToken, 'POST', '/tokens', body);
      cli.out().show(made, [made.secret]);
    });
  tokens
    .command('delete')
    .description('end a token')
    .argument('<token>', 'its id')
    .action(async (id: string) => {
      cli.out().show(await cli.client().call(done, 'DELETE', `/tokens/${encodeURIComponent(id)}`), ['Ended.']);
    });
}

/** `http://HOST:8445/#invitation=TOKEN`, as the server prints it; or the token alone. */
function readLink(link: string, server: string): { server: string; token: string } {
  const url = URL.parse(link);
  if (!url) return { server, token: link };
  const token = new URLSearchParams(url.hash.slice(1)).get('invitation');
  if (!token)
    throw new CordonError(
      'invalid_input',
      'This link holds no invitation; copy it whole, with all that follows the #.',
    );
  return { server: url.origin, token };
}

function row({ id, email, name, status, ready, grants }: AccountView) {
  const roles = grants.map(({ role, group, area }) => [role, group, area].filter(Boolean).join(':'));
  return [id, email, name, ready ? status : 'invited', roles.join(' ') || null];
}
