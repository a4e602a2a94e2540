/**
 * The mail connector: mail between the company's mail server and the devices of people. `createMailConnector` connects its modules. It is a
 * part of an agent, which enrolls, connects and enforces orders as on every other device.
 */

import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import type { MailQueueItem, SealedMail } from '../../shared/protocol/mail-http.ts';
import type { Self } from '../../shared/seal/terms.ts';
import { acceptedBefore, type GateView } from '../enforcement/gate-view.ts';
import type { MailClient } from '../mail/mail-client.ts';
import type { MailKeys } from '../mail/mail-keys.ts';
import { createMailQueue } from '../mail/mail-queue.ts';
import type { MailSenders } from '../mail/mail-senders.ts';
import { openMail } from '../mail/open-mail.ts';
import { handOverMail, mailKeysOf } from '../mail/send-mail.ts';
import type { Membership } from '../messaging/members/membership.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { ConnectorConfig } from './config.ts';
import { type ConnectorQueue, openConnectorQueue } from './connector-queue.ts';
import { createInboundDelivery } from './inbound-delivery.ts';
import { createMailboxReader, type MailboxReader } from './mailbox-source.ts';
import { createOutboundDelivery } from './outbound-delivery.ts';
import { createOutboundIntake, outboundRefusal } from './outbound-intake.ts';
import { createQueueKey } from './queue-key.ts';
import { createRecipients } from './recipients.ts';
import { createSenderNotices } from './sender-notices.ts';
import { type SmtpIntake, startSmtpIntake } from './smtp-intake.ts';
import { explainFrom, type PublicTexts } from './smtp-reply.ts';
import { createSubmitter } from './submission.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const RETRY_AFTER = 10 * SECOND;
/** Interval at which the connector fetches mail even if the server sent no hint, because a hint may be lost. */
const FETCH_EVERY = MINUTE;
const CLEAN_EVERY = 60 * MINUTE;

export interface MailConnectorPorts {
  readonly config: ConnectorConfig;
  readonly workspace: Workspace;
  readonly installation: string;
  readonly client: MailClient;
  readonly keys: MailKeys;
  readonly membership: Pick<Membership, 'membersOf'>;
  readonly senders: Pick<MailSenders, 'memberOf'>;
  readonly self: () => Self;
  readonly gate: () => GateView;
  /** Public texts of an order in the signed order list; null for an unknown or withheld order. */
  readonly statementOf: (order: string) => PublicTexts | null;
  /** Deletes mail keys and remembered senders of this device, which a destroyed key had sealed. */
  readonly forgetMail: () => void;
  readonly alert: (code: string, detail: string) => void;
  readonly onFailure: (what: string, error: unknown) => void;
}

export interface MailConnectorStatus {
  /** Deliveries by direction and state, such as `inbound waiting`. */
  readonly queue: Readonly<Record<string, number>>;
  /** Port of the SMTP server; null if the connector receives mail from a mailbox only. */
  readonly smtpPort: number | null;
}

export interface MailConnector {
  /** Starts all due work at once. Called after new mail, the end of an order or a new connection. */
  wake(): void;
  status(): MailConnectorStatus;
  stop(): Promise<void>;
}

export async function startMailConnector(ports: MailConnectorPorts): Promise<MailConnector> {
  const { config, gate, onFailure } = ports;
  const key = createQueueKey(ports.workspace);
  const queue = openConnectorQueue({
    folder: config.home,
    key,
    limit: config.queueLimit,
    now: Date.now,
    onNewKey: ports.forgetMail,
  });
  try {
    await queue.open();
  } catch (error) {
    queue.close();
    throw error;
  }
  const { device, generation } = ports.self();
  queue.beginEnrollment(device, generation);
  let mailbox: MailboxReader | null = null;
  /** A lock removes the key from memory, so each run loads the key again. While the workspace is not open, the connector cannot work. */
  const whileOpen = (work: () => Promise<number | null>) => async (): Promise<number | null> => {
    if (ports.workspace.state() !== 'open') return Date.now() + RETRY_AFTER;
    await queue.open();
    return work();
  };
  const wakeAll = () => {
    for (const loop of loops) loop.request();
    mailbox?.wake();
  };
  const { recipients, explain, submitter, inbound, outbound, intake, serverQueue } = createDeliveries(
    ports,
    queue,
    wakeAll,
  );
  const failing = (what: string) => (error: unknown) => onFailure(what, error);
  const loops = [
    new Loop({ run: whileOpen(inbound.run), failed: failing('mail for devices'), retryAfter: RETRY_AFTER }),
    new Loop({ run: whileOpen(intake.run), failed: failing('mail of unverified devices'), retryAfter: RETRY_AFTER }),
    new Loop({ run: whileOpen(outbound.run), failed: failing('mail for the mail server'), retryAfter: RETRY_AFTER }),
    new Loop({
      run: whileOpen(async () => {
        await serverQueue.fetch();
        return null;
      }),
      failed: failing('the queue on the server'),
      every: FETCH_EVERY,
      retryAfter: RETRY_AFTER,
    }),
    new Loop({ run: whileOpen(ports.keys.work), failed: failing('the mail key'), retryAfter: RETRY_AFTER }),
  ];
  const cleaning = new Loop({
    run: async () => queue.clean(),
    failed: failing('old files of the queue'),
    every: CLEAN_EVERY,
  });
  let smtp: SmtpIntake | null = null;
  try {
    const smtpPorts = { queue, recipients, gate, explain, onQueued: wakeAll, onFailure, now: Date.now };
    if (config.smtp) smtp = await startSmtpIntake(config.smtp, smtpPorts);
  } catch (error) {
    // The SMTP server cannot start, for example because its port is in use. The queue is closed, so that the next attempt can open it
    // again.
    submitter.close();
    queue.close();
    throw error;
  }
  if (config.mailbox) {
    const { mailbox: source, largest } = config;
    const mayRead = () => gate().open && ports.workspace.state() === 'open';
    mailbox = createMailboxReader({ source, queue, recipients, mayRead, largest, onQueued: wakeAll, onFailure });
  }
  cleaning.request();
  wakeAll();

  return {
    wake: wakeAll,
    status: () => ({ queue: queue.counts(), smtpPort: smtp?.port ?? null }),
    async stop() {
      await smtp?.close();
      await mailbox?.stop();
      await Promise.all([...loops, cleaning].map((loop) => loop.stop()));
      submitter.close();
      queue.close();
    },
  };
}

function createDeliveries(ports: MailConnectorPorts, queue: ConnectorQueue, wakeAll: () => void) {
  const { config, client, installation, self, gate, onFailure } = ports;
  const [now, random] = [Date.now, Math.random];
  const recipients = createRecipients({
    client,
    membersOf: ports.membership.membersOf,
    now,
    onRedirected: (detail) => ports.alert('mail_redirected', detail),
    onFailure,
  });
  const explain = explainFrom(ports.statementOf);
  const submitter = createSubmitter(config.submission, config.name);
  const onUnreadable = (detail: string) => ports.alert('mail_unreadable', detail);
  const notices = createSenderNotices({ queue, host: config.name, explain, now, onNotice: wakeAll });
  const inbound = createInboundDelivery({
    queue,
    recipients,
    keysOf(devices) {
      const onInvalid = (detail: string) => ports.alert('unverified_member', detail);
      return mailKeysOf(devices, { client, installation, now: now(), onInvalid });
    },
    handOver: (mail) => handOverMail(mail, { self: self(), client }),
    installation,
    gate,
    notices,
    now,
    random,
    onFailure,
    onUnreadable,
    onMissed: (detail) => ports.alert('mail_device_full', detail),
  });
  const outbound = createOutboundDelivery({ queue, submitter, gate, notices, now, random, onFailure, onUnreadable });
  const { keys } = ports;
  const { memberOf } = ports.senders;
  const intake = createOutboundIntake({
    queue,
    piece: client.piece,
    open: (mail, piece) =>
      openMail(mail, { self, installation, client: { piece }, keys, memberOf, refusal: outboundRefusal }),
    host: config.name,
    now,
    random,
    onQueued: wakeAll,
    onUnopenable: (detail) => ports.alert('mail_unopenable', detail),
  });
  const serverQueue = createMailQueue({
    client,
    acceptedBefore: () => acceptedBefore(gate()),
    async take(item: MailQueueItem) {
      if (item.type === 'event') return inbound.take(item);
      if (!queue.hasSpaceFor(sizeOf(item.mail))) throw new CordonError('unavailable', 'The queue is full.');
      await intake.take(item.mail);
    },
  });
  return { recipients, explain, submitter, inbound, outbound, intake, serverQueue };
}

const sizeOf = ({ pieces }: SealedMail): number => pieces.reduce((sum, { size }) => sum + size, 0);
