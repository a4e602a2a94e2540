/** Commands for mail, which the running daemon executes. */
import { resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { CordonError } from '../shared/errors.ts';
import { plainJson } from '../shared/text/visible-text.ts';
import type { AgentConfig } from './config.ts';
import { type ControlRequest, sendControlRequest } from './control/control.ts';
import { MAIL_FOLDERS, type MailFolder, type MailItem, type MailView } from './mail/mail.ts';
import { addMailProgramsCommands } from './mail-programs/mail-programs-commands.ts';
import { mailLines, mailListLines } from './mail-view.ts';

export interface MailCommandPorts {
  readonly config: () => AgentConfig;
  readonly say: (lines: readonly string[]) => void;
}

export function addMailCommands(program: Command, { config, say }: MailCommandPorts): void {
  const ask = async <T>(request: ControlRequest): Promise<T> => {
    const answered = await sendControlRequest(config().socket, request);
    if (!answered) throw new CordonError('unavailable', 'The agent is not running. Start it with `cordon-agent run`.');
    return asResponse<T>(answered.ok);
  };
  const mail = program.command('mail').description('List, read and send mail');
  addMailProgramsCommands(mail, { ask, say });

  mail
    .command('list')
    .description('List mail, newest first; an asterisk marks unread mail')
    .argument('[folder]', `folder: ${MAIL_FOLDERS.join(', ')}`, 'inbox')
    .option('--limit <number>', 'maximum number of mails to list', '50')
    .option('--json', 'print JSON', false)
    .action(async (folder: string, { limit, json }: { limit: string; json: boolean }) => {
      const request = { op: 'mail-list', folder: folderOf(folder), limit: numberOf(limit) } as const;
      const mails = await ask<readonly MailItem[]>(request);
      say(json ? [plainJson(mails)] : mailListLines(mails));
    });

  mail
    .command('read')
    .description('Show a mail, and mark it as read')
    .argument('<id>', 'identifier of the mail, from `mail list`')
    .option('--json', 'print JSON', false)
    .action(async (id: string, { json }: { json: boolean }) => {
      const view = await ask<MailView>({ op: 'mail-read', mail: id });
      say(json ? [plainJson(view)] : mailLines(view));
    });

  mail
    .command('send')
    .description('Send a mail with the text from standard input')
    .argument('<to...>', 'addresses of the recipients')
    .option('--cc <address...>', 'addresses that get a copy', [])
    .option('--subject <text>', 'subject', '')
    .option('--attach <file...>', 'files to attach, at most 26 MB together', [])
    .option('--json', 'print JSON', false)
    .action(async (to: string[], { cc, subject, attach, json }: SendOptions) => {
      const text = await readAll(process.stdin);
      const files = attach.map((file) => resolve(file));
      const sent = await ask<MailView>({ op: 'mail-send', to: to.join(', '), cc: cc.join(', '), subject, text, files });
      say(json ? [plainJson(sent)] : mailListLines([sent]));
    });
}

interface SendOptions {
  readonly cc: string[];
  readonly subject: string;
  readonly attach: string[];
  readonly json: boolean;
}

function folderOf(folder: string): MailFolder {
  const found = MAIL_FOLDERS.find((each) => each === folder);
  if (found) return found;
  throw new CordonError('invalid_input', `The folder ${folder} does not exist. Folders: ${MAIL_FOLDERS.join(', ')}.`);
}

function numberOf(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 1000) return number;
  throw new CordonError('invalid_input', 'The limit must be a number from 1 to 1000.');
}

/** The daemon's response needs no schema check: the socket belongs to this user, and the daemon is the same program. */
function asResponse<T>(response: unknown): T {
  return response as T;
}
