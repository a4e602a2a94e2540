/** Command `cordon-agent sendmail`, which other programs call to send a message. Its exit codes are those of sysexits.h. */
import type { Command } from 'commander';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { LARGEST_MAIL } from '../../shared/protocol/mail-http.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { AgentConfig } from '../config.ts';
import { sendControlRequest } from '../control/control.ts';
import { headerFields, textOf } from '../mail-connector/message-header.ts';
import type { SmtpReply } from '../mail-connector/smtp-reply.ts';
import { withMailLineBreaks } from './completed-message.ts';
import { readSendmailArguments, type SendmailArguments, untilDot } from './sendmail-arguments.ts';

const EX = { usage: 64, dataErr: 65, noUser: 67, unavailable: 69, software: 70, tempFail: 75, noPerm: 77 } as const;

const HELP = `
Accepts the options of sendmail(8): -t, -i, -oi, -f ADDRESS, --, and recipients. Other options have no effect.

Exit codes (sysexits.h):
  0   The message is stored on this device and waits to be sent
  64  Wrong command line
  65  The message is malformed or too large
  67  A recipient is not an e-mail address
  69  The message cannot be sent
  70  Internal error
  75  Temporary failure, such as an order that holds mail, or an agent that does not run
  77  Not permitted: the sender is not the user's address, an order returns mail, or the service is switched off`;

/** Runs the command. `args`: arguments after the word `sendmail`, which Commander cannot parse. */
export function addSendmailCommand(
  program: Command,
  ports: {
    readonly config: () => AgentConfig;
    readonly args: readonly string[];
    readonly exitWith: (code: number) => void;
  },
): void {
  program
    .command('sendmail')
    .description('Send the message on standard input, for other mail programs')
    .usage('[options of sendmail] [recipient...]')
    .addHelpText('after', HELP)
    .action(async () => {
      const given = readSendmailArguments(ports.args);
      if (typeof given === 'string') return fail(EX.usage, given);
      try {
        const { code, text } = await submit(ports.config().socket, given, await messageIn(given));
        if (code !== 250) fail(exitOfReply(code, text), text);
      } catch (error) {
        fail(exitOfError(error), error instanceof Error ? error.message : String(error));
      }
    });

  function fail(code: number, why: string): void {
    process.stderr.write(`cordon-agent sendmail: ${plain(why)}\n`);
    ports.exitWith(code);
  }
}

async function messageIn({ ignoreDots }: SendmailArguments): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    const bytes: Buffer = chunk;
    size += bytes.length;
    requireSize(size);
    chunks.push(bytes);
  }
  const message = Buffer.concat(chunks);
  const mail = withMailLineBreaks(ignoreDots ? message : untilDot(message));
  // The size limit must allow for line breaks: each line break of a local file becomes one byte longer in the message.
  requireSize(mail.length);
  return mail;
}

function requireSize(bytes: number): void {
  if (bytes <= LARGEST_MAIL) return;
  throw new CordonError('too_large', `The message is too large. A mail has at most ${LARGEST_MAIL} bytes.`);
}

async function submit(socket: string, given: SendmailArguments, message: Buffer): Promise<SmtpReply> {
  const to = await recipientsOf(given, message);
  if (to.length === 0) throw new CordonError('invalid_input', 'The message has no recipient. Name one, or use -t.');
  const answered = await sendControlRequest(socket, {
    op: 'mail-submit',
    from: given.from,
    to,
    message: message.toString('base64'),
  });
  if (!answered) throw new CordonError('unavailable', 'The agent is not running. Start it with `cordon-agent run`.');
  return asResponse(answered.ok);
}

/** The daemon's response needs no schema check: the socket belongs to this user, and the daemon is the same program. */
const asResponse = (response: unknown): SmtpReply => response as SmtpReply;

async function recipientsOf(given: SendmailArguments, message: Buffer): Promise<string[]> {
  const named = given.fromHeader
    ? headerFields(message).filter(({ name }) => name === 'to' || name === 'cc' || name === 'bcc')
    : [];
  // The parser of addresses is loaded here, because other commands do not need it.
  const { default: addressparser } = await import('nodemailer/lib/addressparser');
  return [...given.recipients, ...named.map(({ value }) => textOf(value))].flatMap((field) =>
    addressparser(field, { flatten: true }).map(({ name, address }) => address || name),
  );
}

/** Exit code for an SMTP reply, by its enhanced status code (RFC 3463). */
export function exitOfReply(code: number, text: string): number {
  if (code >= 400 && code < 500) return EX.tempFail;
  if (/^5\.7\./.test(text)) return EX.noPerm;
  if (/^5\.1\./.test(text)) return EX.noUser;
  return /^5\.(3\.4|6\.)/.test(text) ? EX.dataErr : EX.unavailable;
}

function exitOfError(error: unknown): number {
  if (isCordonError(error, 'unavailable')) return EX.tempFail;
  if (isCordonError(error, 'too_large')) return EX.dataErr;
  if (isCordonError(error, 'invalid_input')) return EX.usage;
  return isCordonError(error, 'forbidden') ? EX.noPerm : EX.software;
}
