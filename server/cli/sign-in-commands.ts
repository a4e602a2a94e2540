/** `cordon setup`, `sign-in` and `sign-out`: create the admin's credentials, and start or end the stored session. */
import type { Command } from 'commander';
import { generate } from 'otplib';
import { renderUnicodeCompact } from 'uqr';
import { redeemed } from '../../shared/api/accounts.ts';
import { sessionView } from '../../shared/api/session.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { readSecretArgument } from '../../shared/secret-argument.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { readLink } from './account-links.ts';
import { signInByBrowser } from './browser-sign-in.ts';
import { type Cli, commandOf } from './cli.ts';
import { type Client, createClient } from './client.ts';
import { readText } from './local-files.ts';
import { when } from './output.ts';
import { prompt, readSecret } from './secrets.ts';

interface PasswordOptions {
  readonly passwordFile?: string;
}

/** Refusals of a password for an account that signs in with a passkey or with the identity provider. */
const BROWSER_ONLY = ['passkey_required', 'provider_required'] as const;
const USE_BROWSER = 'Run "cordon sign-in" without an e-mail address to sign in through a browser.';

interface SignInOptions extends PasswordOptions {
  readonly totp?: string;
  readonly totpSecretFile?: string;
}

interface SetupOptions extends PasswordOptions {
  readonly linkFile?: string;
  readonly email?: string;
  readonly name?: string;
}

export function addSignInCommands(program: Command, cli: Cli): void {
  const password = (name: string, { passwordFile }: PasswordOptions) =>
    readSecret(cli.terminal, {
      name,
      file: passwordFile,
      environment: cli.config.password,
      mend: 'give --password-file or CORDON_PASSWORD',
    });

  commandOf(program, 'setup')
    .argument('[link]', 'link or token. Without it, the command asks for it or reads standard input')
    .option('--link-file <file>', 'read the link from this file (mode 0600)')
    .option('--email <email>', 'e-mail address of the first owner; other users have one already')
    .option('--name <name>', 'name of the first owner; other users have one already')
    .option('--password-file <file>', 'read the password from this file (or CORDON_PASSWORD)')
    .action(async (argument: string | undefined, options: SetupOptions) => {
      const { passwordFile: _, linkFile, ...profile } = options;
      const source = { argument, file: linkFile, label: 'Link', safe: 'cordon setup' };
      const { server, token } = readLink(await readSecretArgument(cli.terminal, source), cli.client().server);
      const chosen = await password('New password (12 characters at least)', options);
      const client = createClient(server, { token: null, session: null });
      const result = await client.call(redeemed, 'POST', '/invitations/redeem', {
        ...profile,
        token,
        password: chosen,
      });
      const { account, totpSecret, totpUri } = result;
      cli
        .out()
        .show(result, [
          `Welcome, ${plain(account.name)} (${plain(account.email)}).`,
          'Add this to an authenticator app now. It is not shown again:',
          renderUnicodeCompact(totpUri),
          `secret: ${totpSecret}`,
          totpUri,
          `Then: cordon --server ${client.server} sign-in ${plain(account.email)}`,
        ]);
    });

  commandOf(program, 'sign-in')
    .argument('[email]', 'e-mail address, for a sign-in with password and code. Without it, sign in through a browser')
    .option('--password-file <file>', 'read the password from this file (or CORDON_PASSWORD)')
    .option('--totp <code>', 'six-digit code from the authenticator app')
    .option(
      '--totp-secret-file <file>',
      'for automation: compute the code from the secret in this file (or CORDON_TOTP_SECRET)',
    )
    .action(async (email: string | undefined, options: SignInOptions) => {
      const client = createClient(cli.client().server, { token: null, session: null });
      const { response, view } = await (email === undefined
        ? signInByBrowser(cli, client)
        : signInByPassword(client, email, options));
      const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
      if (!cookie || view.csrf === null)
        throw new CordonError(
          'unavailable',
          'The server created no session. Check that the URL belongs to a Cordon server.',
        );
      cli.config.save({ server: client.server, cookie, csrf: view.csrf });
      const { csrf: _, ...shown } = view;
      cli
        .out()
        .show(shown, [`Signed in at ${client.server} as ${plain(view.account.email)} until ${when(view.expiresAt)}.`]);
    });

  async function signInByPassword(client: Client, email: string, options: SignInOptions) {
    const entered = await password('Password', options);
    const secret = options.totpSecretFile ? readText(options.totpSecretFile).trim() : cli.config.totpSecret;
    const typed = async () => (cli.terminal.stdin.isTTY ? prompt(cli.terminal, 'Code: ') : undefined);
    const totp = options.totp ?? (secret ? await generate({ secret }) : await typed());
    const body = JSON.stringify({ email, password: entered, totp });
    const request = client.raw('POST', '/api/v1/session', body, { 'content-type': 'application/json' });
    const response = await request.catch((error: unknown) => {
      if (BROWSER_ONLY.some((code) => isCordonError(error, code))) cli.out().note(USE_BROWSER);
      throw error;
    });
    return { response, view: sessionView.parse(await response.json()) };
  }

  commandOf(program, 'sign-out').action(async () => {
    if (cli.config.session) {
      const { server, ...session } = cli.config.session;
      await createClient(server, { token: null, session }).call(done, 'DELETE', '/session');
    }
    cli.config.save(null);
    cli.out().show({ done: true }, ['Signed out.']);
  });
}
