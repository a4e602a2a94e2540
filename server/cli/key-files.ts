/**
 * Private keys in encrypted files. This module creates and decrypts the files, and asks for confirmation before a signature. Only this
 * process uses the private key: it is never sent to the server.
 */
import { CordonError } from '../../shared/errors.ts';
import { createKeyFile, type FileKey, openKeyFile } from '../../shared/order/key-file.ts';
import type { Cli } from './cli.ts';
import { writeNew } from './local-files.ts';
import { prompt, readPrivateText, readSecret } from './secrets.ts';

export interface KeyOptions {
  readonly key: string;
  readonly passphraseFile?: string;
}

function passphrase(cli: Cli, file: string | undefined): Promise<string> {
  return readSecret(cli.terminal, {
    name: 'Passphrase of the key (12 characters at least)',
    file,
    environment: cli.config.keyPassphrase,
    mend: 'give --passphrase-file or CORDON_KEY_PASSPHRASE',
  });
}

export async function openKey(cli: Cli, { key, passphraseFile }: KeyOptions): Promise<FileKey> {
  return openKeyFile(readPrivateText(key), await passphrase(cli, passphraseFile));
}

export async function createKey(cli: Cli, file: string, passphraseFile: string | undefined): Promise<FileKey> {
  const { key, pem } = createKeyFile(await passphrase(cli, passphraseFile));
  writeNew(file, pem, 0o600);
  return key;
}

/**
 * Shows the text to sign and asks for confirmation. `--yes` replaces the question. `--digest` also replaces it, but requires that the text
 * has the given digest.
 */
export async function confirm(
  cli: Cli,
  described: { readonly digest: string; readonly lines: readonly string[] },
  { digest, yes }: { readonly digest?: string; readonly yes?: boolean },
): Promise<void> {
  for (const line of described.lines) cli.out().note(line);
  if (digest !== undefined) {
    if (digest === described.digest) return;
    throw new CordonError(
      'document_malformed',
      `The text has the digest ${described.digest}, not ${digest}. It is a different text. Read it before you sign.`,
    );
  }
  await agree(cli, 'Sign this exact text?', '--digest or --yes', yes);
}

/**
 * Asks the user for confirmation, unless `yes` is true. Throws `conflict` if the user declines, and `invalid_input` if there is no terminal
 * for the question. The text of `invalid_input` recommends the options in `answers`, such as `--yes`.
 */
export async function agree(cli: Cli, question: string, options: string, yes = false): Promise<void> {
  if (yes) return;
  if (!cli.terminal.stdin.isTTY) {
    throw new CordonError('invalid_input', `Confirmation needs a terminal. Without one, give ${options}.`);
  }
  const answer = await prompt(cli.terminal, `${question} (yes/no) `);
  if (answer.trim() !== 'yes') throw new CordonError('conflict', 'Nothing was signed.');
}
