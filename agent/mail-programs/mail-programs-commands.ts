/** Commands that switch the service for other mail programs. */
import type { Command } from 'commander';
import { CordonError } from '../../shared/errors.ts';
import { plain, plainJson } from '../../shared/text/visible-text.ts';
import type { ControlRequest } from '../control/control.ts';
import { DEFAULT_PORT } from './default-port.ts';
import type { MailProgramsStatus, NewMailPassword } from './mail-programs.ts';

export const WARNING =
  'Mail is now in plain text on the disk of this device. Use disk encryption. A lock or a wipe of the workspace removes this copy.';

export function addMailProgramsCommands(
  mail: Command,
  {
    ask,
    say,
  }: { readonly ask: <T>(request: ControlRequest) => Promise<T>; readonly say: (lines: readonly string[]) => void },
): void {
  const programs = mail
    .command('programs')
    .description('Let other mail programs send and read mail on this device, if your admin allows it');
  programs
    .command('on')
    .description('Open the submission port and the Maildir, and print a new password')
    .option('--port <number>', 'port on loopback', String(DEFAULT_PORT))
    .option('--json', 'print JSON', false)
    .action(async ({ port, json }: { port: string; json: boolean }) => {
      const made = await ask<NewMailPassword>({ op: 'mail-programs', change: 'on', port: portOf(port) });
      say(json ? [plainJson(made)] : newPasswordLines(made));
    });
  programs
    .command('off')
    .description('Close the port, delete the Maildir, and forget the password')
    .action(async () => {
      await ask({ op: 'mail-programs', change: 'off', port: null });
      say(['Other mail programs are switched off. The Maildir is deleted.']);
    });
  programs
    .command('status')
    .description('Show whether other mail programs can send and read mail')
    .option('--json', 'print JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const status = await ask<MailProgramsStatus>({ op: 'mail-programs', change: null, port: null });
      say(json ? [plainJson(status)] : statusLines(status));
    });
}

function newPasswordLines({ user, port, maildir, password, passwords }: NewMailPassword): string[] {
  return [
    'Other mail programs are switched on.',
    `  Outgoing mail  SMTP on localhost, port ${port}, without TLS, sign-in with user name and password`,
    `  User name      ${plain(user)}`,
    `  Password       ${password}`,
    `  Maildir        ${plain(maildir)}`,
    `  Passwd-file    ${plain(passwords)} (for Dovecot, see agent/dovecot.conf.example)`,
    'Copy the password now: it is shown only once.',
    WARNING,
  ];
}

export function statusLines({ allowed, on, port, user, maildir, problem }: MailProgramsStatus): string[] {
  const state = on
    ? `Other mail programs are switched on for ${plain(user ?? '')}.`
    : 'Other mail programs are switched off.';
  return [
    state,
    ...(allowed ? [] : ['Your organization does not allow other mail programs on this device.']),
    ...(on ? [port === null ? 'The submission port is closed.' : `Submission port: ${port}`] : []),
    ...(on ? [`Maildir: ${plain(maildir)}`] : []),
    ...(problem === null ? [] : [`Problem: ${plain(problem)}`]),
  ];
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new CordonError('invalid_input', 'The port must be a number from 1 to 65535.');
}
