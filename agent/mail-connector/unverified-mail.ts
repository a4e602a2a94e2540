import { CordonError } from '../../shared/errors.ts';
import { LARGEST_MAIL, type SealedMail, sealedMailSchema } from '../../shared/protocol/mail-http.ts';
import { isUnopenable, type OpenedMail } from '../mail/open-mail.ts';
import type { ConnectorQueue } from './connector-queue.ts';
import type { DeliveryRow } from './queue-rows.ts';
import { isOverdue, nextAttempt } from './retry-schedule.ts';
import { setAsideUnreadable } from './unreadable.ts';

/** Maximum mails that may wait at the same time. A dishonest server could otherwise fill the queue with mail of invented devices. */
const MOST = 100;
const PER_RUN = 20;

/**
 * Sealed mail of devices that the connector could not verify yet. It waits in the connector's own queue, because unverified mail must not
 * block the mail behind it on the server. The connector tries for 5 days, and then gives up with an alert.
 */
export interface UnverifiedMail {
  /** Stores the mail with its content durably. Returns false if there is no space for it. */
  add(mail: SealedMail): Promise<boolean>;
  /** Tries to open all due mail. Returns the time of the next attempt; null if none is planned. */
  run(): Promise<number | null>;
}

export type PieceOf = (id: string) => Promise<Buffer>;

export function createUnverifiedMail(ports: {
  readonly queue: ConnectorQueue;
  readonly piece: PieceOf;
  readonly open: (mail: SealedMail, piece: PieceOf) => Promise<OpenedMail>;
  /** Queues a mail durably after it was verified and decrypted. */
  readonly store: (mail: SealedMail, opened: OpenedMail) => Promise<void>;
  readonly now: () => number;
  readonly random: () => number;
  readonly onUnopenable: (detail: string) => void;
}): UnverifiedMail {
  const { queue, now } = ports;

  async function attempt(delivery: DeliveryRow): Promise<void> {
    const { mail, pieces } = unpacked(await queue.message(delivery.mail));
    const piece: PieceOf = async (id) => {
      const found = pieces.get(id);
      if (!found) throw new CordonError('not_found', 'The stored mail lacks a piece.');
      return found;
    };
    try {
      await ports.store(mail, await ports.open(mail, piece));
      queue.end(delivery);
    } catch (error) {
      const isFinal =
        isUnopenable(error) &&
        (error.code !== 'unverified_member' || isOverdue(queue.mail(delivery.mail)?.at ?? 0, now()));
      if (!isFinal) {
        queue.retry(delivery, nextAttempt(delivery.attempts, now(), ports.random()));
        return;
      }
      ports.onUnopenable(`Mail ${mail.id} of ${mail.sender.device}: ${error.message}`);
      queue.end(delivery);
    }
  }

  return {
    async add(mail) {
      const size = mail.pieces.reduce((sum, each) => sum + each.size, 0);
      if ((queue.counts()['unverified waiting'] ?? 0) >= MOST || size > LARGEST_MAIL) return false;
      const pieces: Buffer[] = [];
      for (const { id } of mail.pieces) pieces.push(await ports.piece(id));
      const message = packed(mail, pieces);
      if (message.length > LARGEST_MAIL) return false;
      const name = `unverified ${mail.sender.device} ${mail.sender.generation} ${mail.id}`;
      const to = [{ address: '', person: null, notify: null, originalRecipient: null }];
      const envelope = { from: null, to, envelopeId: null, header: '', sender: null };
      await queue.add({ kind: 'unverified', envelope, message, name });
      return true;
    },
    async run() {
      for (const delivery of queue.due('unverified', PER_RUN)) {
        try {
          await attempt(delivery);
        } catch (error) {
          if (!setAsideUnreadable(error, delivery, { queue, onUnreadable: ports.onUnopenable })) throw error;
        }
      }
      return queue.due('unverified', 1).length > 0 ? now() : queue.nextDue('unverified');
    },
  };
}

/** Format of the queued file with an unverified mail: a line of JSON, then the encrypted pieces. */
const packed = (mail: SealedMail, pieces: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from(`${JSON.stringify({ mail, sizes: pieces.map(({ length }) => length) })}\n`), ...pieces]);

function unpacked(bytes: Buffer): { readonly mail: SealedMail; readonly pieces: ReadonlyMap<string, Buffer> } {
  const end = bytes.indexOf('\n');
  const { mail: given, sizes } = JSON.parse(bytes.toString('utf8', 0, end)) as { mail: unknown; sizes: number[] };
  const mail = sealedMailSchema.parse(given);
  let start = end + 1;
  const pieces = new Map<string, Buffer>();
  for (const [index, { id }] of mail.pieces.entries()) {
    const next = start + (sizes[index] ?? 0);
    pieces.set(id, bytes.subarray(start, next));
    start = next;
  }
  return { mail, pieces };
}
