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
import { openMail } from '../mail/open-mail.ts';
import { handOverMail, mailKeysOf } from '../mail/send-mail.ts';
import type { Membership } from '../messaging/members/membership.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { ConnectorConfig } from './config.ts';
import { openConnectorQueue } from './connector-queue.ts';
import { createInboundDelivery } from './inbound-delivery.ts';
import { createMailboxReader } from './mailbox-source.ts';
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
/** Interval of fetches without a hint of the server, because a hint may be lost. */
const FETCH_EVERY = MINUTE;
const CLEAN_EVERY = 60 * MINUTE;

export interface MailConnectorPorts {
  readonly config: ConnectorConfig;
  readonly workspace: Workspace;
  readonly installation: string;
  readonly client: MailClient;
  readonly keys: MailKeys;
  readonly membership: Pick<Membership, 'membersOf' | 'memberOf'>;
  readonly self: () => Self;
  readonly gate: () => GateView;
  /** Public texts of an order in the signed order list; null for an unknown or withheld order. */
  readonly statementOf: (order: string) => PublicTexts | null;
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
  /** Looks for work at once: a new mail, the end of an order, or a new connection. */
  wake(): void;
  status(): MailConnectorStatus;
  stop(): Promise<void>;
}

export async function startMailConnector(ports: MailConnectorPorts): Promise<MailConnector> {
  const { config, workspace, client, installation, self, gate, onFailure } = ports;
  const now = Date.now;
  const key = createQueueKey(workspace);
  await key.open();
  const queue = openConnectorQueue({ folder: config.home, key, limit: config.queueLimit, now });
  queue.clean();
  const recipients = createRecipients({
    client,
    membersOf: ports.membership.membersOf,
    now,
    onRedirected: (detail) => ports.alert('mail_redirected', detail),
    onFailure,
  });
  const explain = explainFrom(ports.statementOf);
  const submitter = createSubmitter(config.submission, config.name);
  const wakeAll = () => {
    for (const loop of loops) loop.request();
  };
  const notices = createSenderNotices({ queue, host: config.name, explain, now, onNotice: wakeAll });
  const inbound = createInboundDelivery({
    queue,
    recipients,
    keysOf: (devices) =>
      mailKeysOf(devices, {
        client,
        installation,
        now: now(),
        onInvalid: (detail) => ports.alert('unverified_member', detail),
      }),
    handOver: (mail) => handOverMail(mail, { self: self(), client }),
    installation,
    gate,
    notices,
    now,
    random: Math.random,
    onFailure,
  });
  const outbound = createOutboundDelivery({ queue, submitter, gate, notices, now, random: Math.random, onFailure });
  const intake = createOutboundIntake({
    queue,
    open: (mail) =>
      openMail(mail, {
        self,
        installation,
        client,
        keys: ports.keys,
        memberOf: ports.membership.memberOf,
        refusal: outboundRefusal,
      }),
    host: config.name,
    now,
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

  const failing = (what: string) => (error: unknown) => onFailure(what, error);
  const loops = [
    new Loop({ run: () => inbound.run(), failed: failing('mail for devices'), retryAfter: RETRY_AFTER }),
    new Loop({ run: () => outbound.run(), failed: failing('mail for the mail server'), retryAfter: RETRY_AFTER }),
    new Loop({
      run: async () => void (await serverQueue.fetch()),
      failed: failing('the queue on the server'),
      every: FETCH_EVERY,
      retryAfter: RETRY_AFTER,
    }),
    new Loop({ run: () => ports.keys.work(), failed: failing('the mail key'), retryAfter: RETRY_AFTER }),
  ];
  const cleaning = setInterval(() => {
    try {
      queue.clean();
    } catch (error) {
      onFailure('old files of the queue', error);
    }
  }, CLEAN_EVERY);
  const smtp: SmtpIntake | null =
    config.smtp &&
    (await startSmtpIntake(config.smtp, { queue, recipients, gate, explain, onQueued: wakeAll, onFailure, now }));
  const mailbox =
    config.mailbox &&
    createMailboxReader({
      source: config.mailbox,
      queue,
      recipients,
      mayRead: () => gate().open,
      largest: config.largest,
      onQueued: wakeAll,
      onFailure,
    });
  mailbox?.start();
  wakeAll();

  return {
    wake: wakeAll,
    status: () => ({ queue: queue.counts(), smtpPort: smtp?.port ?? null }),
    async stop() {
      clearInterval(cleaning);
      await smtp?.close();
      await mailbox?.stop();
      await Promise.all(loops.map((loop) => loop.stop()));
      submitter.close();
      queue.close();
    },
  };
}

const sizeOf = ({ pieces }: SealedMail): number => pieces.reduce((sum, { size }) => sum + size, 0);
