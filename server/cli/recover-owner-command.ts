/** `cordon recover-owner`: on the machine and with the environment of the server, while the server is stopped. */
import type { Command } from 'commander';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { when } from './output.ts';

export function addRecoverOwnerCommand(program: Command, cli: Cli): void {
  program
    .command('recover-owner')
    .description("reset an owner's password and authenticator on the server's machine; stop the server first")
    .option('--email <email>', 'the owner, if there are several')
    .action(async ({ email = null }: { email?: string | null }) => {
      // The database drivers are for the server's machine alone: no other command loads them.
      const [{ recoverOwner }, { readConfig }] = await Promise.all([
        import('../recover-owner.ts'),
        import('../config.ts'),
      ]);
      const { account, link, expiresAt } = await recoverOwner(readConfig(), email);
      cli
        .out()
        .show({ account: account.id, email: account.email, link, expiresAt }, [
          link,
          `Anyone with this link can sign in as ${plain(account.email)}. It works once, until ${when(expiresAt)}.`,
          'The ledger has an entry, and every owner sees an alarm. Start the server, then open the link in a browser.',
        ]);
    });
}
