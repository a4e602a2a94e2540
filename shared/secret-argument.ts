/**
 * Secret link for a command line: from a file, from standard input, or from a prompt without an echo. A link as an argument causes a
 * warning, because other users see it in the process list and the shell stores it in its history.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CordonError } from './errors.ts';
import { requirePrivateFile } from './private-file.ts';

const LONGEST = 16 * 1024;

export interface SecretArgument {
  /** Argument of the command line: a secret link (such as an activation link), or `-` to read the link from standard input. */
  readonly argument: string | undefined;
  readonly file: string | undefined;
  /** Name of the link in the prompt, such as `Activation link`. */
  readonly label: string;
  /**
   * Command line without the secret, such as `cordon-agent enroll -`. A warning recommends it to a user who gives the secret as an
   * argument.
   */
  readonly safe: string;
}

export interface Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream;
}

/**
 * Reads the secret link. Throws `invalid_input` without a link, or if other users can read the link's file; `not_found` if the file cannot
 * be read.
 */
export async function readSecretArgument({ stdin, stderr }: Streams, input: SecretArgument): Promise<string> {
  const { argument, file, label, safe } = input;
  if (file !== undefined && argument !== undefined) {
    throw new CordonError('invalid_input', 'Give the link once: as a file, on standard input, or as an argument.');
  }
  if (file !== undefined) return required(readPrivateFile(file), label);
  if (argument !== undefined && argument !== '-') {
    stderr.write(
      `Warning: other users of this machine can see the link in the process list, and the shell keeps it in its history. Use "${safe}" and paste the link.\n`,
    );
    return argument;
  }
  if (argument === undefined && stdin.isTTY) return required(await prompt({ stdin, stderr }, `${label}: `), label);
  return required(await readAll(stdin), label);
}

function required(text: string, what: string): string {
  const link = text.trim();
  if (link !== '') return link;
  throw new CordonError(
    'invalid_input',
    `${what}: nothing was given. Paste it, pipe it to standard input, or use --link-file.`,
  );
}

function readPrivateFile(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    throw new CordonError('not_found', `Cannot read ${file}: ${why}.`, {}, error);
  }
  requirePrivateFile(file);
  return text;
}

async function readAll(stdin: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += chunk.toString();
    if (text.length > LONGEST)
      throw new CordonError('too_large', 'Standard input contains more than one link. Give only the link.');
  }
  return text;
}

/**
 * Reads one secret for each question: from the terminal without an echo, or else the lines of standard input. Throws `invalid_input` if a
 * secret is missing.
 */
export async function readSecretLines(streams: Streams, questions: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  if (streams.stdin.isTTY) {
    for (const question of questions) texts.push(await prompt(streams, `${question}: `));
  } else {
    texts.push(...(await readAll(streams.stdin)).split(/\r?\n/));
  }
  return questions.map((question, index) => {
    const text = texts[index] ?? '';
    if (text !== '') return text;
    throw new CordonError('invalid_input', `${question}: nothing was given. Type it, or pipe it to standard input.`);
  });
}

async function prompt({ stdin, stderr }: Streams, question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, written) => written() });
  stderr.write(question);
  const reader = createInterface({ input: stdin, output: silent, terminal: true });
  try {
    return await reader.question('');
  } finally {
    reader.close();
    stderr.write('\n');
  }
}
