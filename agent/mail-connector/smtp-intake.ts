/**
 * SMTP server for mail of the company's mail server (RFC 5321, library smtp-server). It accepts mail only for people with verified devices,
 * so it is no open relay. The reply `250` to the content of a message means that the message is durable in the connector's queue.
 */
import { once } from 'node:events';
import { BlockList, isIP, type Socket } from 'node:net';
import { SMTPServer, type SMTPServerAddress, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { GateView } from '../enforcement/gate-view.ts';
import { isOutOfSpace } from '../store/disk-space.ts';
import { needsSmtpUtf8, plainAddress } from './addresses.ts';
import type { ConnectorQueue, QueuedEnvelope } from './connector-queue.ts';
import { NOTIFY } from './connector-queue.ts';
import { createContentReader } from './message-content.ts';
import { hasField, headerFields, headerOf, hopsOf, receivedField } from './message-header.ts';
import type { RecipientCheck, Recipients } from './recipients.ts';
import { type Explain, ownSuspension, REPLIES, type SmtpReply, suspensionReply } from './smtp-reply.ts';

const MINUTE = 60_000;
const MiB = 1024 * 1024;
/** RFC 5321, section 6.3: a server counts Received fields, with a limit of at least 100. */
const MOST_HOPS = 100;
/** Milliseconds without data after which a connection ends (RFC 5321, section 4.5.3.2.7). */
const IDLE = 5 * MINUTE;
/** Maximum duration of a connection, because a client could keep it open by sending a byte from time to time. */
const LONGEST_CONNECTION = 60 * MINUTE;
/** Bytes of messages that all connections together may hold in memory. */
const MEMORY = 160 * MiB;

export interface SmtpIntakeOptions {
  readonly bind: string;
  readonly port: number;
  /** Host name in the greeting and in Received fields. */
  readonly host: string;
  /** Certificate chain and key in PEM for STARTTLS; null without TLS. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** True if a client must use STARTTLS. */
  readonly tlsRequired: boolean;
  readonly largest: number;
  /** IP addresses and CIDR ranges of the clients that may connect. */
  readonly clients: readonly string[];
  readonly connections: number;
  readonly recipients: number;
  /** Address that receives mail to `postmaster`; null to refuse it. */
  readonly postmaster: string | null;
}

export interface SmtpIntakePorts {
  readonly queue: Pick<ConnectorQueue, 'add' | 'hasSpaceFor' | 'digest'>;
  readonly recipients: Recipients;
  readonly gate: () => GateView;
  readonly explain: Explain;
  readonly onQueued: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
  readonly now: () => number;
}

export interface SmtpIntake {
  readonly port: number;
  close(): Promise<void>;
}

type Answer = (error?: Error | null, text?: string) => void;

export async function startSmtpIntake(options: SmtpIntakeOptions, ports: SmtpIntakePorts): Promise<SmtpIntake> {
  const session = createSession(options, ports);
  const allowed = rangesOf(options.clients);
  const server = new SMTPServer({
    name: options.host,
    banner: 'Cordon mail connector',
    secure: false,
    ...(options.tls === null ? {} : { ...options.tls, minVersion: 'TLSv1.2' }),
    disabledCommands: ['AUTH', ...(options.tls === null ? ['STARTTLS'] : [])],
    authOptional: true,
    disableReverseLookup: true,
    size: options.largest,
    maxClients: options.connections,
    maxRecipients: options.recipients,
    maxAllowedUnauthenticatedCommands: false,
    maxCommandLength: 4096,
    socketTimeout: IDLE,
    closeTimeout: 2000,
    hideDSN: false,
    onConnect: ({ remoteAddress }, answer) => answer(isIn(allowed, remoteAddress) ? null : refusal(REPLIES.notAllowed)),
    onMailFrom: (address, state, answer) => answered(answer, () => session.mailFrom(address, state)),
    onRcptTo: (address, state, answer) => answered(answer, () => session.recipient(address, state)),
    onData: (stream, state, answer) =>
      answered(answer, async () => {
        const { code, text } = await session.data(stream, state);
        return code === 250 ? text : { code, text };
      }),
  });
  server.on('error', (error) => ports.onFailure('an SMTP connection', error));
  server.server.on('connection', (socket: Socket) => {
    const deadline = setTimeout(() => socket.destroy(), LONGEST_CONNECTION).unref();
    socket.once('close', () => clearTimeout(deadline));
  });
  server.listen(options.port, options.bind);
  await once(server.server, 'listening');
  const bound = server.server.address();
  return {
    port: typeof bound === 'object' && bound ? bound.port : options.port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };

  /** Sends the reply that `decide` returns. After an unexpected error, sends a temporary refusal, so that the client tries again later. */
  function answered(answer: Answer, decide: () => Promise<SmtpReply | string | null>): void {
    decide().then(
      (reply) =>
        reply === null || typeof reply === 'string' ? answer(null, reply ?? undefined) : answer(refusal(reply)),
      (error: unknown) => {
        ports.onFailure('mail over SMTP', error);
        answer(refusal(isOutOfSpace(error) ? REPLIES.queueFull : REPLIES.unavailable));
      },
    );
  }
}

const refusal = ({ code, text }: SmtpReply): Error => Object.assign(new Error(text), { responseCode: code });

interface Session {
  mailFrom(address: SMTPServerAddress, session: SMTPServerSession): Promise<SmtpReply | null>;
  recipient(address: SMTPServerAddress, session: SMTPServerSession): Promise<SmtpReply | null>;
  data(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<SmtpReply>;
}

function createSession(options: SmtpIntakeOptions, ports: SmtpIntakePorts): Session {
  const { queue, recipients, now } = ports;
  /** Person and plain address for each accepted recipient of the current transaction. */
  const accepted = new WeakMap<SMTPServerSession, Map<string, Accepted>>();
  const contentOf = createContentReader({ largest: options.largest, memory: MEMORY });

  const gateReply = (): SmtpReply | null => {
    const own = ownSuspension(ports.gate());
    return own && suspensionReply(ports.explain(own), own.returns);
  };

  return {
    async mailFrom({ address, args }, session) {
      accepted.set(session, new Map());
      if (options.tlsRequired && !session.secure) return REPLIES.tlsRequired;
      if (needsSmtpUtf8(address) && !session.envelope.smtpUtf8) return REPLIES.utf8NotDeclared;
      const size = args === false ? 0 : Number(args['SIZE'] ?? 0);
      return gateReply() ?? (queue.hasSpaceFor(Number.isFinite(size) ? size : 0) ? null : REPLIES.queueFull);
    },

    async recipient({ address }, session) {
      if (needsSmtpUtf8(address) && !session.envelope.smtpUtf8) return REPLIES.utf8NotDeclared;
      const wanted = address.toLowerCase() === 'postmaster' ? (options.postmaster ?? address) : address;
      const plain = plainAddress(wanted);
      if (plain === null) return REPLIES.unknown;
      const check = await recipients.check(plain);
      const reply = recipientReply(check, ports.explain);
      if (reply) return reply;
      if ('person' in check) accepted.get(session)?.set(address, { address: plain, person: check.person });
      return null;
    },

    async data(stream, session) {
      const content = await contentOf(stream);
      if (!Buffer.isBuffer(content)) return content;
      const fields = headerFields(content);
      if (fields.length === 0) return REPLIES.malformed;
      if (hopsOf(fields) >= MOST_HOPS) return REPLIES.loop;
      const closed = gateReply();
      if (closed) return closed;
      if (!queue.hasSpaceFor(content.length)) return REPLIES.queueFull;
      const envelope = envelopeOf(session, accepted.get(session) ?? new Map(), headerOf(content));
      const at = now();
      const trace = receivedField({
        helo: session.hostNameAppearsAs || 'unknown',
        remoteAddress: session.remoteAddress,
        host: options.host,
        protocol: protocolOf(session),
        id: session.id,
        at,
      });
      // A client that did not receive the reply `250` sends the same bytes again, and the queue recognizes them by their digest. A message
      // without Message-ID always counts as new, because two different messages may have equal bytes.
      const recipients = envelope.to.map(({ address }) => address).sort();
      const name = hasField(fields, 'message-id')
        ? `smtp ${queue.digest(envelope.from ?? '', recipients.join(' '), content)}`
        : null;
      const message = Buffer.concat([Buffer.from(trace, 'latin1'), content]);
      const id = await queue.add({ kind: 'inbound', envelope, message, name });
      ports.onQueued();
      return { code: 250, text: id === null ? '2.0.0 Accepted before' : `2.0.0 Queued as ${id}` };
    },
  };
}

/** Protocol of a transfer (RFC 3848, RFC 6531 section 4.3). */
const protocolOf = ({ secure, envelope }: SMTPServerSession): string =>
  `${envelope.smtpUtf8 ? 'UTF8SMTP' : 'ESMTP'}${secure ? 'S' : ''}`;

interface Accepted {
  readonly address: string;
  readonly person: string;
}

function envelopeOf(
  { envelope }: SMTPServerSession,
  accepted: ReadonlyMap<string, Accepted>,
  header: string,
): QueuedEnvelope {
  const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
  const to = envelope.rcptTo.flatMap(({ address, dsn }) => {
    const known = accepted.get(address);
    if (!known) return [];
    const notify = dsn?.notify ? NOTIFY.filter((each) => dsn.notify?.includes(each)) : null;
    return [{ address: known.address, person: known.person, notify, originalRecipient: dsn?.orcpt ?? null }];
  });
  return {
    from: from === '' ? null : from,
    to,
    envelopeId: envelope.dsn?.envid ?? null,
    returnFull: envelope.dsn?.ret === 'FULL',
    header,
    sender: null,
  };
}

/** Reply for a recipient; null to accept mail for the recipient. */
function recipientReply(check: RecipientCheck, explain: Explain): SmtpReply | null {
  switch (check.state) {
    case 'available':
    case 'held':
      return null;
    case 'refused':
      return suspensionReply(explain(check.suspension), true);
    case 'full':
      return REPLIES.mailboxFull;
    case 'no-device':
      return REPLIES.noDevice;
    case 'unknown':
      return REPLIES.unknown;
    case 'unavailable':
      return REPLIES.unavailable;
  }
}

function rangesOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function isIn(list: BlockList, remote: string): boolean {
  const address = remote.replace(/^::ffff:(?=\d)/i, '');
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
