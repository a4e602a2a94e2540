import type { Command } from 'commander';
import { openStream, sealStream, temporaryIdentity } from '../../shared/age/stream.ts';
import { CordonError } from '../../shared/errors.ts';
import { type Cli, commandOf } from './cli.ts';
import { saveDownload, saveStream } from './download.ts';
import { readText } from './local-files.ts';

/** Minimum length of the passphrase of a backup, the same as for the server's keys. */
const SHORTEST_PASSPHRASE = 12;

interface Options {
  readonly recipient?: string;
  readonly passphraseFile?: string;
  readonly personKeys?: string;
}

export function addBackupCommand(program: Command, cli: Cli): void {
  commandOf(program, 'backup')
    .argument('<file>', 'new file')
    .option(
      '--recipient <recipient>',
      'public key (age1…) of the recipient who can decrypt the file. Default: the configured key',
    )
    .option(
      '--person-keys <file>',
      'new file for the keys of people. Default: the name of the backup with the ending .keys',
    )
    .option('--passphrase-file <file>', 'encrypt with the passphrase in this file instead of a recipient')
    .action(async (file: string, { recipient, passphraseFile, personKeys = `${file}.keys` }: Options) => {
      if (recipient !== undefined && passphraseFile !== undefined) {
        throw new CordonError('invalid_input', 'Give --recipient or --passphrase-file, not both.');
      }
      const save = async (path: string, to: string) =>
        passphraseFile === undefined
          ? await saveDownload(await requestBackup(path, recipient), to, 'backup')
          : await underPassphrase(path, readText(passphraseFile).trim(), to);
      const bytes = await save('/backup', file);
      const keyBytes = await save('/backup/person-keys', personKeys);
      cli
        .out()
        .show({ file, bytes, personKeys, keyBytes }, [
          `${file}: ${bytes} bytes`,
          `${personKeys}: ${keyBytes} bytes. Store this file apart from the backup, and delete it after 30 days.`,
        ]);
    });
  const requestBackup = (path: string, recipient?: string) =>
    cli.client().raw('POST', `/api/v1${path}`, JSON.stringify({ recipient }), { 'content-type': 'application/json' });

  /**
   * The server encrypts the backup for a key that only this process has, and this process encrypts it again with the passphrase. The server
   * therefore never receives the passphrase.
   */
  async function underPassphrase(path: string, passphrase: string, file: string): Promise<number> {
    if (passphrase.length < SHORTEST_PASSPHRASE) {
      throw new CordonError(
        'invalid_input',
        `The passphrase has fewer than ${SHORTEST_PASSPHRASE} characters. Use a longer one.`,
      );
    }
    const { identity, recipient } = await temporaryIdentity();
    const { body } = await requestBackup(path, recipient);
    if (!body) throw new CordonError('unavailable', 'The server sent no backup. Look at its log.');
    const opened = await openStream(body, { identity });
    return await saveStream(await sealStream(opened, { passphrase }), file, 'backup');
  }
}
