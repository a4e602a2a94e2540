import type { Command } from 'commander';
import { openStream, sealStream, temporaryIdentity } from '../../shared/age/stream.ts';
import { CordonError } from '../../shared/errors.ts';
import { type Cli, commandOf } from './cli.ts';
import { saveDownload, saveStream } from './download.ts';
import { readText } from './local-files.ts';

/** Minimum length of the passphrase of a backup, the same as for the server's keys. */
const SHORTEST_PASSPHRASE = 12;

export function addBackupCommand(program: Command, cli: Cli): void {
  commandOf(program, 'backup')
    .argument('<file>', 'new file')
    .option(
      '--recipient <recipient>',
      'public key (age1…) of the recipient who can decrypt the file. Default: the configured key',
    )
    .option('--passphrase-file <file>', 'encrypt with the passphrase in this file instead of a recipient')
    .action(async (file: string, { recipient, passphraseFile }: { recipient?: string; passphraseFile?: string }) => {
      if (recipient !== undefined && passphraseFile !== undefined) {
        throw new CordonError('invalid_input', 'Give --recipient or --passphrase-file, not both.');
      }
      const bytes =
        passphraseFile === undefined
          ? await saveDownload(await requestBackup(recipient), file, 'backup')
          : await underPassphrase(readText(passphraseFile).trim(), file);
      cli.out().show({ file, bytes }, [`${file}: ${bytes} bytes`]);
    });
  const requestBackup = (recipient?: string) =>
    cli.client().raw('POST', '/api/v1/backup', JSON.stringify({ recipient }), { 'content-type': 'application/json' });

  /**
   * The server encrypts the backup for a key that only this process has, and this process encrypts it again with the passphrase. The server
   * therefore never receives the passphrase.
   */
  async function underPassphrase(passphrase: string, file: string): Promise<number> {
    if (passphrase.length < SHORTEST_PASSPHRASE) {
      throw new CordonError(
        'invalid_input',
        `The passphrase has fewer than ${SHORTEST_PASSPHRASE} characters. Use a longer one.`,
      );
    }
    const { identity, recipient } = await temporaryIdentity();
    const { body } = await requestBackup(recipient);
    if (!body) throw new CordonError('unavailable', 'The server sent no backup. Look at its log.');
    const opened = await openStream(body, { identity });
    return await saveStream(await sealStream(opened, { passphrase }), file, 'backup');
  }
}
