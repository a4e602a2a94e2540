/** Secrets for the command line: from a file, from the environment, or typed without an echo. Never from a flag, which others can read. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { generate } from 'otplib';
import { CordonError } from '../../shared/errors.ts';
import { requirePrivateFile } from '../../shared/private-file.ts';

export interface Terminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

export interface SecretSource {
  readonly what: string;
  readonly file: string | undefined;
  readonly environment: string | null;
  /** How to give it without a terminal. */
  readonly mend: string;
}

export async function readSecret(terminal: Terminal, { what, file, environment, mend }: SecretSource): Promise<string> {
  if (file !== undefined) return readPrivateText(file).replace(/\r?\n$/, '');
  if (environment !== null) return environment;
  if (!terminal.stdin.isTTY)
    throw new CordonError('invalid_input', `There is no terminal to ask for the ${what}; ${mend}.`);
  return ask(terminal, `${what}: `, true);
}

export async function ask({ stdin, stderr }: Terminal, question: string, hidden = false): Promise<string> {
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

/** The code for a step-up sign-in: computed where the secret is given, or typed. Null without either. */
export async function authenticatorCode(
  terminal: Terminal,
  { totpSecret }: { readonly totpSecret: string | null },
): Promise<string | null> {
  if (totpSecret !== null) return generate({ secret: totpSecret });
  return terminal.stdin.isTTY ? ask(terminal, 'Authenticator code to confirm this action: ') : null;
}

/** The text of a file that holds a secret. Throws `invalid_input` when other users can read it. */
export function readPrivateText(file: string): string {
  const text = readText(file);
  requirePrivateFile(file);
  return text;
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CordonError(
      'not_found',
      `Cannot read ${file}: ${error instanceof Error ? error.message : 'unknown'}.`,
      {},
      error,
    );
  }
}
