/** Attachments: sealed bytes under a name that only those know who were told of it. Whoever is enrolled and knows it may fetch them. */
import { CordonError } from '../../shared/errors.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { type MessagingGate, requireMessaging } from './denials.ts';
import type { Enrolment } from './ports.ts';

const DAY = 86_400_000;
/** Domain time; `server/store/retention.ts` removes them afterwards. */
const ATTACHMENT_KEPT_FOR = 30 * DAY;
/** Of one device at one time. */
export const MOST_ATTACHED = 200 * 1024 * 1024;
/** Uploads that are held in memory at one time, in all and of one device. */
const UPLOADS: Slots = { all: 32, ofOne: 2 };
/** Downloads under way. Each holds a few pieces in memory. */
const DOWNLOADS: Slots = { all: 256, ofOne: 4 };
const PIECE = 128 * 1024;

interface Slots {
  readonly all: number;
  readonly ofOne: number;
}

/** An attachment on its way. It has a slot until `end` is called. */
export interface Download {
  readonly size: number;
  readonly pieces: () => AsyncIterable<Buffer>;
  readonly end: () => void;
}

export interface Attachment {
  readonly id: string;
  readonly enrolment: Enrolment;
  readonly bytes: Buffer;
  readonly at: Instant;
}

export interface AttachmentStore {
  /**
   * The same bytes by the same device again change nothing. Throws `conflict` when the name is taken by others, and `too_large` when the device's
   * attachments of `since` and later would be more than `most` bytes.
   */
  put(attachment: Attachment, limit: { readonly since: Instant; readonly most: number }): Promise<void>;
  /** Null when there is none of `since` or later. */
  size(id: string, since: Instant): Promise<number | null>;
  /** Null when it has been removed. `from`: in bytes. */
  piece(id: string, from: number, length: number): Promise<Buffer | null>;
}

export interface Attachments {
  /** `read` is called once there is room for it. Throws `service_denied`, `unavailable` and what the store throws. */
  put(enrolment: Enrolment, id: string, read: () => Promise<Buffer>): Promise<void>;
  /** Throws `service_denied`, `not_found` and `unavailable`. */
  get(enrolment: Enrolment, id: string): Promise<Download>;
}

export function createAttachments({
  store,
  gate,
  clock,
}: {
  readonly store: AttachmentStore;
  readonly gate: MessagingGate;
  readonly clock: Clock;
}): Attachments {
  const uploads = createSlots(UPLOADS);
  const downloads = createSlots(DOWNLOADS);
  const since = () => clock.now() - ATTACHMENT_KEPT_FOR;

  async function* piecesOf(id: string, size: number): AsyncIterable<Buffer> {
    for (let from = 0; from < size; from += PIECE) {
      const piece = await store.piece(id, from, PIECE);
      // The response ends before its length, which its reader notices.
      if (!piece) throw new CordonError('not_found', 'The attachment was removed while it was sent.');
      yield piece;
    }
  }

  return {
    async put(enrolment, id, read) {
      await requireMessaging(gate, enrolment.device);
      const leave = uploads.take(enrolment.device);
      try {
        const bytes = await read();
        // A file may be long under way, and an order may have begun meanwhile.
        await requireMessaging(gate, enrolment.device);
        if (bytes.length === 0) throw new CordonError('invalid_input', 'An attachment has at least one byte.');
        await store.put({ id, enrolment, bytes, at: clock.now() }, { since: since(), most: MOST_ATTACHED });
      } finally {
        leave();
      }
    },
    async get({ device }, id) {
      await requireMessaging(gate, device);
      const end = downloads.take(device);
      try {
        const size = await store.size(id, since());
        if (size === null) throw new CordonError('not_found', 'There is no such attachment, or not any more.');
        return { size, pieces: () => piecesOf(id, size), end };
      } catch (error) {
        end();
        throw error;
      }
    },
  };
}

/** `take` returns what gives the slot back, once. It throws `unavailable` when there is none. */
function createSlots({ all, ofOne }: Slots): { take(device: string): () => void } {
  const taken = new Map<string, number>();
  let total = 0;
  return {
    take(device) {
      const own = taken.get(device) ?? 0;
      if (total >= all || own >= ofOne) {
        throw new CordonError('unavailable', 'Too many attachments are under way at once; try again.', {
          retryAfter: 2,
        });
      }
      total += 1;
      taken.set(device, own + 1);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        total -= 1;
        const left = (taken.get(device) ?? 1) - 1;
        if (left > 0) taken.set(device, left);
        else taken.delete(device);
      };
    },
  };
}
