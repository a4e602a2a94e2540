/** `cordon address`: verifies the e-mail address of the admin's own account, so that the admin can be an approver. */
import type { Command } from 'commander';
import { accountView, sentVerification } from '../../shared/api/accounts.ts';
import { CordonError } from '../../shared/errors.ts';
import { readSecretArgument } from '../../shared/secret-argument.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { readLink } from './account-links.ts';
import { type Cli, commandOf } from './cli.ts';

export function addAddressCommands(program: Command, cli: Cli): void {
  const address = commandOf(program, 'address');
  address
    .command('send-link')
    .description('Send a verification link to the address of your account')
    .action(async () => {
      const sent = await cli.client().call(sentVerification, 'POST', '/address/link');
      const { to, failure } = sent.mail;
      cli.out().show(sent, failure === null ? [`Sent to ${plain(to)}. Then: cordon address verify`] : []);
      if (failure !== null) throw new CordonError('mail_failed', failure);
    });
  address
    .command('verify')
    .description('Verify the address of your account with the link from the mail')
    .argument('[link]', 'link or token. Without it, the command asks for it or reads standard input')
    .option('--link-file <file>', 'read the link from this file (mode 0600)')
    .action(async (argument: string | undefined, { linkFile }: { linkFile?: string }) => {
      const source = { argument, file: linkFile, label: 'Link', safe: 'cordon address verify' };
      const { token } = readLink(await readSecretArgument(cli.terminal, source), cli.client().server, 'verify');
      const account = await cli.client().call(accountView, 'POST', '/address/verify', { token });
      cli.out().show(account, [`Verified: ${plain(account.email)} belongs to the holder of this account.`]);
    });
}
