/** Mail programs that people use: swaks and neomutt. Both send to a mail server on loopback. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './run-program.ts';
import { tool } from './tools.ts';

export const swaksTool = tool('swaks', 'Debian: swaks');
export const neomuttTool = tool('neomutt', 'Debian: neomutt');

export interface Letter {
  readonly port: number;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly attachment?: { readonly name: string; readonly content: Buffer };
}

/** Sends a message with swaks. Returns its exit code, and the dialog with the server. */
export async function sendWithSwaks({ port, from, to, subject, text, attachment }: Letter) {
  return inFolder(async (folder) => {
    const body = join(folder, 'body');
    writeFileSync(body, text);
    const attached = attachment ? ['--attach-name', attachment.name, '--attach', `@${join(folder, 'file')}`] : [];
    if (attachment) writeFileSync(join(folder, 'file'), attachment.content);
    return runProgram('swaks', [
      ...['--server', `127.0.0.1:${port}`, '--from', from, '--to', to.join(','), '--suppress-data', '--timeout', '60'],
      ...['--header', `Subject: ${subject}`, '--body', `@${body}`, ...attached],
    ]);
  });
}

/** Sends a message with neomutt in batch mode. */
export async function sendWithNeomutt({ port, from, to, subject, text, attachment }: Letter) {
  return inFolder(async (folder) => {
    const settings = [
      `set smtp_url = "smtp://127.0.0.1:${port}/"`,
      `set from = "${from}"`,
      'set use_envelope_from = yes',
      'set ssl_starttls = no',
      'set ssl_force_tls = no',
      'set copy = no',
      `set folder = "${folder}"`,
      `set tmpdir = "${folder}"`,
    ];
    writeFileSync(join(folder, 'muttrc'), `${settings.join('\n')}\n`);
    const file = join(folder, attachment?.name ?? 'file');
    if (attachment) writeFileSync(file, attachment.content);
    const args = ['-n', '-F', join(folder, 'muttrc'), '-s', subject, ...(attachment ? ['-a', file] : []), '--', ...to];
    return runProgram('neomutt', args, { input: text, env: { HOME: folder } });
  });
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-letter-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
