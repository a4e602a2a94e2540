/** People's keys at the command line: made, opened, and asked before they sign. The private key stays in its file. */
import { writeFileSync } from 'node:fs';
import { CordonError } from '../../shared/errors.ts';
import { createKeyFile, type FileKey, openKeyFile } from '../../shared/order/key-file.ts';
import type { Cli } from './cli.ts';
import { ask, readPrivateText, readSecret } from './secrets.ts';

export interface KeyOptions {
  readonly key: string;
  readonly passphraseFile?: string;
}

function passphrase(cli: Cli, file: string | undefined): Promise<string> {
  return readSecret(cli.terminal, {
    what: 'Passphrase of the key (12 characters at least)',
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

/** Never over a file that is there: who overwrote a key could not sign any more. */
export function writeNew(file: string, text: string, mode: number): void {
  try {
    writeFileSync(file, text, { mode, flag: 'wx' });
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    throw new CordonError('conflict', `Cannot write a new file ${file}: ${why}; name another.`, {}, error);
  }
}

/** Shows what will be signed and asks; `--digest` (of what somebody has read elsewhere) or `--yes` answers in advance. */
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
      `The text has the digest ${described.digest}, not ${digest}: it is another text; read it before signing.`,
    );
  }
  await agree(cli, 'Sign exactly this?', '--digest or --yes', yes);
}

/** `answers`: the flags that would have answered. */
export async function agree(cli: Cli, question: string, answers: string, yes = false): Promise<void> {
  if (yes) return;
  if (!cli.terminal.stdin.isTTY) {
    throw new CordonError('invalid_input', `There is no terminal to confirm at; give ${answers}.`);
  }
  const answer = await ask(cli.terminal, `${question} (yes/no) `);
  if (answer.trim() !== 'yes') throw new CordonError('conflict', 'Nothing was signed.');
}
