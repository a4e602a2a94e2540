/**
 * Durable queue of the connector. A message is durable when `add` resolves: its content is in a sealed file (fsync), and its envelope and
 * deliveries are committed to SQLite. A kill between the two leaves a file that no row names; the next start deletes the file.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import { LARGEST_MAIL } from '../../shared/protocol/mail-http.ts';
import { writeWhole } from '../workspace/disk.ts';
import type { QueueKey } from './queue-key.ts';
import { type CopyState, type DeliveryRow, type MailKind, NOTIFICATION_LANE, openQueueRows } from './queue-rows.ts';
import { LARGEST_RETURNED } from './status-notification.ts';

const MiB = 1024 * 1024;
const DAY = 86_400_000;
const MOST_MESSAGES = 100_000;
/** Free disk space that mail never uses, so that orders and receipts of the agent always have space. */
const FREE_FOR_AGENT = 64 * MiB;
/** Milliseconds for which the queue recognizes a repeated message. The server sends an item again until the connector acknowledges it. */
const REMEMBER = 30 * DAY;
/**
 * Milliseconds for which the queue keeps a message that its key cannot decrypt. An admin has this time to restore the damaged file. Without
 * a limit, such messages would fill the queue.
 */
const KEEP_UNREADABLE = 30 * DAY;
/**
 * Milliseconds for which a delivery that the server has accepted waits for its result. The server keeps mail for 30 days; only an order
 * holds it longer.
 */
const AWAIT_EVENTS = 90 * DAY;

export const NOTIFY = ['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'] as const;

const envelopeSchema = z.strictObject({
  /** Sender's address; null for the null reverse-path. */
  from: z.string().nullable(),
  to: z.array(
    z.strictObject({
      address: z.string(),
      /** Identifier of the person who receives an inbound message. */
      person: z.string().nullable(),
      /** Conditions for a notification (RFC 3461, section 4.1); null if the sender stated none. */
      notify: z.array(z.enum(NOTIFY)).nullable(),
      originalRecipient: z.string().nullable(),
    }),
  ),
  envelopeId: z.string().nullable(),
  /** True if a notification of a failure has the whole message (RET=FULL of RFC 3461, section 4.3). */
  returnFull: z.boolean().optional(),
  /** Device for which a `late` message waits. No other device gets this message. */
  device: deviceIdSchema.optional(),
  /** Header of the message, for notifications. */
  header: z.string(),
  /** Person who sent the message with a device; null for mail from outside. Notifications for this person are sealed. */
  sender: z.string().nullable(),
});
export type QueuedEnvelope = z.infer<typeof envelopeSchema>;

export interface NewMail {
  readonly kind: MailKind;
  readonly envelope: QueuedEnvelope;
  readonly message: Uint8Array;
  /** Unique name, such as the id of a sealed mail. The queue accepts one message with this name. Null for a message without a name. */
  readonly name: string | null;
}

export interface QueuedMail {
  readonly id: string;
  readonly kind: MailKind;
  readonly at: number;
  readonly envelope: QueuedEnvelope;
}

export interface Copy {
  readonly device: string;
  readonly state: CopyState;
  readonly denial: DenialNotice | null;
}

export interface ConnectorQueue {
  /**
   * Loads the key. If the key is new, the earlier key was destroyed with the workspace. The function then deletes all rows, because nothing
   * can decrypt them. Throws `workspace_locked`, `workspace_wiped`.
   */
  open(): Promise<void>;
  /** Stores a message durably. Returns null if the queue has accepted a message with the same name before. */
  add(mail: NewMail, alsoInTransaction?: () => void): Promise<string | null>;
  /** Records for 30 days that the connector could not take the message with this name. */
  skip(name: string): void;
  /** Time of the last `skip` with this name; null if there was none. */
  skippedAt(name: string): number | null;
  /** True if a message of this size has space. */
  hasSpaceFor(bytes: number): boolean;
  /** True if a `late` message of this size has space. Late messages may use half of the queue, so that mail from outside still has space. */
  hasSpaceForLate(bytes: number): boolean;
  mail(id: string): QueuedMail | null;
  /**
   * Reads the content of the message. The content exists until the server has every delivery or every delivery has ended, and longer if a
   * notification may need it.
   */
  message(id: string): Promise<Buffer>;
  /**
   * Deliveries whose next attempt is due, oldest first. Inbound deliveries to one person keep their order, and so do late deliveries to one
   * device.
   */
  due(kind: MailKind, limit: number): readonly DeliveryRow[];
  /** Due status notifications for senders outside the company. The connector sends them even while an order holds all other mail. */
  dueNotifications(limit: number): readonly DeliveryRow[];
  /** Time of the next attempt that is not due yet; null if none is planned. */
  nextDue(kind: MailKind): number | null;
  delivery(mail: string, recipient: number): DeliveryRow | null;
  bySealed(sealed: string): DeliveryRow | null;
  /**
   * Stores the id of the sealed mail before the first attempt, so that a repeated attempt uses the same id. Returns null if the delivery
   * has ended meanwhile, because another id would deliver the message twice.
   */
  assignSealed(mail: string, recipient: number): string | null;
  retry(delivery: DeliveryRow, nextAt: number, options?: { readonly newSealed: boolean }): void;
  markHanded(delivery: DeliveryRow, copies: readonly Copy[]): void;
  saveCopy(sealed: string, copy: Copy): void;
  copies(sealed: string): readonly Copy[];
  end(delivery: DeliveryRow): void;
  /** Stops the attempts to deliver a message that the key cannot decrypt. The row and the file stay for 30 days. */
  setAside(delivery: DeliveryRow): void;
  /** Stores durably that, according to the server, an order suspends mail now. */
  noteSuspension(): void;
  /** Time of the last `noteSuspension`; 0 if there was none. */
  suspendedAt(): number;
  counts(): Readonly<Record<string, number>>;
  digest(...parts: readonly (string | Uint8Array)[]): string;
  /** Ends the deliveries that the server accepted from earlier enrollments of the connector, because their results never arrive. */
  beginEnrollment(device: string, generation: number): void;
  /**
   * Ends accepted deliveries after 90 days and unreadable ones after 30 days. Deletes old names, and files that no waiting delivery needs.
   */
  clean(): void;
  close(): void;
}

export function openConnectorQueue(ports: {
  readonly folder: string;
  readonly key: QueueKey;
  /** Largest total size of the queued messages in bytes. */
  readonly limit: number;
  readonly now: () => number;
  /** Called when a new key has replaced a destroyed one. */
  readonly onNewKey: () => void;
}): ConnectorQueue {
  const { folder, key, limit, now } = ports;
  const files = join(folder, 'messages');
  mkdirSync(files, { recursive: true, mode: 0o700 });
  const rows = openQueueRows(join(folder, 'queue.db'));
  /** Messages that `add` is writing. `clean` must not delete their files. */
  const adding = new Set<string>();
  const fileOf = (id: string) => join(files, id);

  function sealedDenial(sealed: string, { device, denial }: Copy): Uint8Array | null {
    return denial && key.seal(`denial ${sealed} ${device}`, Buffer.from(JSON.stringify(denial)));
  }

  function saveCopy(sealed: string, copy: Copy): void {
    rows.saveCopy(sealed, { device: copy.device, state: copy.state, denial: sealedDenial(sealed, copy) });
  }

  const removeFile = (id: string) => rmSync(fileOf(id), { force: true });

  function end({ mail, recipient, sealed }: DeliveryRow): void {
    const last = rows.transaction(() => {
      if (sealed) rows.forgetCopies(sealed);
      return rows.end(mail, recipient);
    });
    if (last) removeFile(mail);
  }

  function endHandedBefore(at: number): void {
    for (let old = rows.handedBefore(at); old.length > 0; old = rows.handedBefore(at)) {
      rows.transaction(() => {
        for (const { mail, recipient, sealed } of old) {
          if (sealed) rows.forgetCopies(sealed);
          rows.end(mail, recipient);
        }
      });
    }
  }

  function hasSpaceFor(bytes: number): boolean {
    const { count, bytes: used } = rows.usage(null);
    if (count >= MOST_MESSAGES || used + bytes > limit) return false;
    const { bavail, bsize } = statfsSync(files);
    return bavail * bsize >= FREE_FOR_AGENT + bytes;
  }

  return {
    async open() {
      await key.open();
      const id = key.digest('key');
      const known = rows.setting('key');
      if (known === id) return;
      if (known !== null) rows.deleteAll();
      if (known !== null) ports.onNewKey();
      rows.saveSetting('key', id);
    },
    async add({ kind, envelope, message, name }, alsoInTransaction = () => undefined) {
      if (message.length > LARGEST_MAIL) throw new CordonError('too_large', 'The message is too large.');
      if (name !== null && rows.isSeen(name)) {
        rows.transaction(alsoInTransaction);
        return null;
      }
      const id = randomUUID();
      adding.add(id);
      try {
        await writeWhole(fileOf(id), key.seal(`message ${id}`, message));
        const sealed = key.seal(`envelope ${id}`, Buffer.from(JSON.stringify(envelope)));
        const stored = rows.transaction(() => {
          alsoInTransaction();
          if (name !== null && !rows.markSeen(name, now())) return false;
          const shared = kind === 'outbound' && envelope.from === null ? NOTIFICATION_LANE : '';
          const lanes = envelope.to.map(({ person }) => envelope.device ?? person ?? shared);
          const keep = envelope.returnFull === true && message.length <= LARGEST_RETURNED;
          rows.insert({ id, kind, at: now(), size: message.length, keep, envelope: sealed }, lanes);
          return true;
        });
        if (stored) return id;
        removeFile(id);
        return null;
      } catch (error) {
        removeFile(id);
        throw error;
      } finally {
        adding.delete(id);
      }
    },
    skip: (name) => void rows.saveSeen(`skipped ${name}`, now()),
    skippedAt: (name) => rows.seenAt(`skipped ${name}`),
    hasSpaceFor,
    hasSpaceForLate(bytes) {
      const { count, bytes: used } = rows.usage('late');
      return count < MOST_MESSAGES / 2 && used + bytes <= limit / 2 && hasSpaceFor(bytes);
    },
    mail(id) {
      const row = rows.mail(id);
      if (!row) return null;
      const envelope = envelopeSchema.parse(JSON.parse(key.unseal(`envelope ${id}`, row.envelope).toString('utf8')));
      return { id, kind: row.kind, at: row.at, envelope };
    },
    async message(id) {
      return key.unseal(`message ${id}`, await readFile(fileOf(id)));
    },
    due: (kind, limit) => rows.due(kind, now(), limit, kind === 'inbound' || kind === 'late'),
    dueNotifications: (limit) => rows.dueNotifications(now(), limit),
    nextDue: (kind) => rows.nextDue(kind, now()),
    delivery: rows.delivery,
    bySealed: rows.bySealed,
    assignSealed(mail, recipient) {
      const delivery = rows.delivery(mail, recipient);
      if (delivery?.state !== 'waiting') return null;
      if (delivery.sealed !== null) return delivery.sealed;
      const sealed = randomUUID();
      rows.assignSealed(mail, recipient, sealed);
      return sealed;
    },
    retry({ mail, recipient, attempts, sealed }, nextAt, { newSealed } = { newSealed: false }) {
      rows.transaction(() => {
        rows.retry(mail, recipient, attempts + 1, nextAt);
        if (!newSealed) return;
        if (sealed) rows.forgetCopies(sealed);
        rows.assignSealed(mail, recipient, null);
      });
    },
    markHanded({ mail, recipient, sealed }, copies) {
      if (sealed === null) throw new Error('a delivery without a sealed mail cannot be handed over');
      rows.transaction(() => {
        rows.markHanded(mail, recipient);
        // The server may have sent an event about the delivery before this response. Such an event is newer, so it stays.
        const known = new Set(rows.copies(sealed).map(({ device }) => device));
        for (const copy of copies) if (!known.has(copy.device)) saveCopy(sealed, copy);
      });
      if (!rows.needsContent(mail)) removeFile(mail);
    },
    saveCopy,
    copies: (sealed) =>
      rows.copies(sealed).map(({ device, state, denial }) => ({
        device,
        state,
        denial: denial && JSON.parse(key.unseal(`denial ${sealed} ${device}`, denial).toString('utf8')),
      })),
    end,
    beginEnrollment(device, generation) {
      const enrollment = `${device} ${generation}`;
      if (rows.setting('enrollment') === enrollment) return;
      endHandedBefore(Number.MAX_SAFE_INTEGER);
      rows.saveSetting('enrollment', enrollment);
    },
    setAside: ({ mail, recipient }) => void rows.setAside(mail, recipient, now() + KEEP_UNREADABLE),
    noteSuspension: () => void rows.saveSetting('suspended-at', String(now())),
    suspendedAt: () => Number(rows.setting('suspended-at') ?? 0),
    counts: rows.counts,
    digest: key.digest,
    clean() {
      endHandedBefore(now() - AWAIT_EVENTS);
      for (const unreadable of rows.setAsideUntil(now())) end(unreadable);
      rows.forgetSeen(now() - REMEMBER);
      const needed = new Set(rows.withContent());
      for (const name of readdirSync(files)) {
        const [id = ''] = name.split('.');
        if (!needed.has(id) && !adding.has(id)) rmSync(join(files, name), { force: true });
      }
    },
    close: rows.close,
  };
}
