/**
 * Secrets from a file, from the environment, or from the terminal without an echo. No command-line option contains a secret, because other
 * users of the machine can see the options of a process.
 */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CordonError } from '../../shared/errors.ts';
import { requirePrivateFile } from '../../shared/private-file.ts';
import { readText } from './local-files.ts';

export interface Terminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

export interface SecretSource {
  readonly name: string;
  readonly file: string | undefined;
  readonly environment: string | null;
  /** Error text for a command without a terminal: how to provide the secret. */
  readonly mend: string;
}

export async function readSecret(terminal: Terminal, { name, file, environment, mend }: SecretSource): Promise<string> {
  if (file !== undefined) return readPrivateText(file).replace(/\r?\n$/, '');
  if (environment !== null) return environment;
  if (!terminal.stdin.isTTY)
    throw new CordonError('invalid_input', `Input of the ${name} needs a terminal. Without one, ${mend}.`);
  return prompt(terminal, `${name}: `, true);
}

export async function prompt({ stdin, stderr }: Terminal, question: string, hidden = false): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, written) => written() });
  stderr.write(question);
  const reader = createInterface({ input: stdin, output: hidden ? silent : stderr, terminal: true });
  try {
    return await reader.question('');
  } finally {
    reader.close();
    if (hidden) stderr.write('\n');
  }
}

/**
 * Code for a step-up sign-in, computed from the configured TOTP secret or typed by the user. Null without a TOTP secret and without a
 * terminal.
 */
export async function authenticatorCode(
  terminal: Terminal,
  { totpSecret }: { readonly totpSecret: string | null },
): Promise<string | null> {
  if (totpSecret !== null) {
    const { generate } = await import('otplib');
    return generate({ secret: totpSecret });
  }
  return terminal.stdin.isTTY ? prompt(terminal, 'Authenticator code to confirm this action: ') : null;
}

/** Reads a text file that contains a secret. Throws `invalid_input` if other users can read the file. */
export function readPrivateText(file: string): string {
  const text = readText(file);
  requirePrivateFile(file);
  return text;
}
