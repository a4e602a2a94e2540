/** `cordon key`: manages the admin's own approver key. The private key never leaves its file. */
import type { Command } from 'commander';
import { approverKeyList, approverKeyView } from '../../shared/api/approvers.ts';
import { type Cli, commandOf } from './cli.ts';
import { createKey, type KeyOptions, openKey } from './key-files.ts';
import { table, when } from './output.ts';

export function addKeyCommands(program: Command, cli: Cli): void {
  const key = commandOf(program, 'key');
  key
    .command('create')
    .description('Create a key file (Ed25519, encrypted with a passphrase)')
    .argument('<file>', 'new file')
    .option('--passphrase-file <file>', 'read the passphrase from this file (or CORDON_KEY_PASSPHRASE)')
    .action(async (file: string, options: { passphraseFile?: string }) => {
      const created = await createKey(cli, file, options.passphraseFile);
      const { keyid, publicKey } = created;
      cli
        .out()
        .show({ keyid, publicKey, file }, [`key ${keyid} in ${file}`, `Then: cordon key register --key ${file}`]);
    });
  key
    .command('register')
    .description('Register your public key with the server')
    .requiredOption('--key <file>')
    .option('--passphrase-file <file>', 'read the passphrase from this file (or CORDON_KEY_PASSPHRASE)')
    .action(async (options: KeyOptions) => {
      const { publicKey } = await openKey(cli, options);
      const view = await cli.client().call(approverKeyView, 'POST', '/approver-keys', { publicKey });
      cli.out().show(view, [`key ${view.keyid} is registered for ${view.person}`]);
    });
  key
    .command('list')
    .description('List the registered keys')
    .action(async () => {
      const { keys } = await cli.client().call(approverKeyList, 'GET', '/approver-keys');
      const rows = keys.map(({ keyid, person, name, account, registeredAt, verified }) => [
        keyid,
        person,
        name,
        account,
        verified ? 'verified' : 'not verified',
        when(registeredAt),
      ]);
      cli
        .out()
        .show(
          keys,
          table(['key', 'person', 'name (as stated by the server)', 'account', 'address', 'registered'], rows),
        );
    });
}
