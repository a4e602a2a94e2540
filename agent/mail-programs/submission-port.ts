/**
 * Submission port for mail programs (RFC 6409, library smtp-server). It listens on loopback only, where no other machine can read the
 * connection, so it needs no TLS. The reply `250` to the content of a message means that the message is durable on this device.
 */
import type { Socket } from 'node:net';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { LARGEST_MAIL, MOST_MAIL_ADDRESSES } from '../../shared/protocol/mail-http.ts';
import { needsSmtpUtf8 } from '../mail-connector/addresses.ts';
import { createContentReader } from '../mail-connector/message-content.ts';
import { REPLIES, type SmtpReply } from '../mail-connector/smtp-reply.ts';
import { createAttemptLimit } from './attempt-limit.ts';
import { isPassword, type ProgramSettings } from './program-settings.ts';
import type { Submission } from './submission.ts';

const MINUTE = 60_000;
const MiB = 1024 * 1024;
const IDLE = 5 * MINUTE;
const LONGEST_CONNECTION = 30 * MINUTE;
const MOST_CONNECTIONS = 8;
const MEMORY = 80 * MiB;
const MOST_WRONG_PASSWORDS = 10;

const WRONG_PASSWORD: SmtpReply = { code: 535, text: '5.7.8 The user name or the password is wrong' };
const TOO_MANY_ATTEMPTS: SmtpReply = { code: 454, text: '4.7.0 Too many wrong passwords. Try again in a minute' };

export interface SubmissionPort {
  readonly port: number;
  close(): Promise<void>;
}

interface PortOptions extends ProgramSettings {
  readonly submission: Submission;
  readonly onFailure: (what: string, error: unknown) => void;
}

/** Listens on 127.0.0.1, and on ::1 if the machine has IPv6. */
export async function openSubmissionPort(options: PortOptions): Promise<SubmissionPort> {
  const { onFailure } = options;
  const create = createListeners(options);
  const failed = (error: Error) => onFailure('an SMTP connection', error);
  const first = await listening(create(), { port: options.port, address: '127.0.0.1', failed });
  const servers = [first.server];
  try {
    servers.push((await listening(create(), { port: first.port, address: '::1', failed })).server);
  } catch (error) {
    if (!isWithoutIpv6(error)) {
      await closed(first.server);
      throw error;
    }
  }
  return { port: first.port, close: async () => void (await Promise.all(servers.map(closed))) };
}

function createListeners({ submission, user, password, onFailure }: PortOptions): () => SMTPServer {
  const attempts = createAttemptLimit(MOST_WRONG_PASSWORDS);
  const contentOf = createContentReader({ largest: LARGEST_MAIL, memory: MEMORY });

  function signIn(name: string, given: string): SmtpReply | null {
    const now = Date.now();
    if (!attempts.allows(now)) return TOO_MANY_ATTEMPTS;
    // The password is compared even for an unknown name, so that the time of the reply does not reveal which names exist.
    const isRight = isPassword(given, password);
    if (isRight && name.toLowerCase() === user) return null;
    attempts.failed(now);
    return WRONG_PASSWORD;
  }

  return () => {
    const server = new SMTPServer({
      name: 'localhost',
      banner: 'Cordon',
      secure: false,
      allowInsecureAuth: true,
      authMethods: ['PLAIN', 'LOGIN'],
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      size: LARGEST_MAIL,
      maxClients: MOST_CONNECTIONS,
      maxRecipients: MOST_MAIL_ADDRESSES,
      socketTimeout: IDLE,
      closeTimeout: 1000,
      onAuth({ username, password: given }, _session, answer) {
        const refused = signIn(username ?? '', given ?? '');
        answer(refused && refusal(refused), { user });
      },
      onMailFrom: ({ address }, session, answer) =>
        answer(refusalOf(undeclared(address, session) ?? submission.sender(address) ?? submission.closed())),
      onRcptTo: ({ address }, session, answer) =>
        answer(refusalOf(undeclared(address, session) ?? submission.recipient(address))),
      onData(stream, { envelope }, answer) {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        contentOf(stream)
          .then((content) => (Buffer.isBuffer(content) ? submission.accept(content, { from, to }) : content))
          .catch((error: unknown) => {
            onFailure('mail over SMTP', error);
            return REPLIES.unavailable;
          })
          .then(({ code, text }) => (code === 250 ? answer(null, text) : answer(refusal({ code, text }))));
      },
    });
    server.server.on('connection', (socket: Socket) => {
      const deadline = setTimeout(() => socket.destroy(), LONGEST_CONNECTION).unref();
      socket.once('close', () => clearTimeout(deadline));
    });
    return server;
  };
}

/** Refuses an address that needs SMTPUTF8 if the client did not declare it (RFC 6531, section 3.1). */
const undeclared = (address: string, { envelope }: SMTPServerSession): SmtpReply | null =>
  needsSmtpUtf8(address) && !envelope.smtpUtf8 ? REPLIES.utf8NotDeclared : null;

const refusal = ({ code, text }: SmtpReply): Error => Object.assign(new Error(text), { responseCode: code });
const refusalOf = (reply: SmtpReply | null): Error | null => reply && refusal(reply);

interface Listening {
  readonly port: number;
  readonly address: string;
  /** Called for an error of one client's connection. */
  readonly failed: (error: Error) => void;
}

/** Starts to listen. Rejects if another program uses the port. */
async function listening(server: SMTPServer, { port, address, failed }: Listening) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // The library repeats errors of its socket as its own. Without this listener, a port in use would end the agent.
  server.once('error', reject);
  server.listen(port, address, resolve);
  await promise;
  server.off('error', reject);
  server.on('error', failed);
  const bound = server.server.address();
  return { server, port: typeof bound === 'object' && bound ? bound.port : port };
}

const closed = (server: SMTPServer): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

const isWithoutIpv6 = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(String(error.code));
