/**
 * `cordon recover-owner`: prints a link with which an owner can sign in again. An admin runs the command on the server's machine while the
 * server is stopped, with the server's environment variables.
 */
import type { Command } from 'commander';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { when } from './output.ts';

export function addRecoverOwnerCommand(program: Command, cli: Cli): void {
  commandOf(program, 'recover-owner')
    .option('--email <email>', 'e-mail of the owner, if there are several')
    .action(async ({ email = null }: { email?: string | null }) => {
      // Import the database drivers only in this command, because only the server's machine has them.
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
          'The ledger has an entry, and every owner sees an alert. Start the server, then open the link in a browser.',
        ]);
    });
}
