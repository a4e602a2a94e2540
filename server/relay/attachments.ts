/**
 * Attachments of messages: encrypted bytes that are stored under a secret name. Every enrolled device that knows the name may download the
 * attachment.
 */
import { CordonError } from '../../shared/errors.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { createTransferSlots, type TransferSlots } from '../transfer-slots.ts';
import { requireService, type ServiceGate } from './denials.ts';
import type { Enrollment } from './ports.ts';

const DAY = 86_400_000;
/**
 * Storage time of an attachment in milliseconds, by the server's corrected clock (domain time). `server/store/retention-periods.ts` deletes
 * older attachments.
 */
const ATTACHMENT_KEPT_FOR = 30 * DAY;
export const MOST_ATTACHED = 200 * 1024 * 1024;
/** Maximum number of concurrent uploads: of all devices, and of one device. Each upload is in memory. */
const UPLOADS: TransferSlots = { all: 32, ofOne: 2 };
/** Maximum number of concurrent downloads: of all devices, and of one device. Each download has a few pieces in memory. */
const DOWNLOADS: TransferSlots = { all: 256, ofOne: 4 };
const PIECE = 128 * 1024;

/** A download occupies one of the download slots until `end` is called. */
export interface Download {
  readonly size: number;
  readonly pieces: () => AsyncIterable<Buffer>;
  readonly end: () => void;
}

export interface Attachment {
  readonly id: string;
  readonly enrollment: Enrollment;
  readonly bytes: Buffer;
  readonly at: Instant;
}

export interface AttachmentStore {
  /**
   * Stores an attachment under the name `id`. A second upload of the same bytes by the same device changes nothing. Throws `conflict` if
   * another attachment has this name. Throws `too_large` if the attachments that the device has stored since the time `since` would exceed
   * `most` bytes.
   */
  put(attachment: Attachment, limit: { readonly since: Instant; readonly most: number }): Promise<void>;
  /**
   * Returns the size in bytes of the attachment with the name `id`. Null if there is no such attachment, or if it has expired because it
   * was stored before the time `since`.
   */
  size(id: string, since: Instant): Promise<number | null>;
  /** Piece of the attachment from the byte offset `from`. Null if the attachment was deleted. */
  piece(id: string, from: number, length: number): Promise<Buffer | null>;
}

export interface Attachments {
  /**
   * Uploads an attachment. Occupies an upload slot before `read` receives the bytes, because each upload in progress uses memory. Throws
   * `service_denied` if an order suspends messaging, `unavailable` without a free slot, `invalid_input` for an empty attachment, and the
   * store's errors.
   */
  put(enrollment: Enrollment, id: string, read: () => Promise<Buffer>): Promise<void>;
  get(enrollment: Enrollment, id: string): Promise<Download>;
}

export function createAttachments({
  store,
  gate,
  clock,
}: {
  readonly store: AttachmentStore;
  readonly gate: ServiceGate;
  readonly clock: Clock;
}): Attachments {
  const uploads = createTransferSlots(UPLOADS);
  const downloads = createTransferSlots(DOWNLOADS);
  const since = () => clock.now() - ATTACHMENT_KEPT_FOR;

  async function* piecesOf(id: string, size: number): AsyncIterable<Buffer> {
    for (let from = 0; from < size; from += PIECE) {
      const piece = await store.piece(id, from, PIECE);
      // If the attachment was deleted during the download, end the response early, so that the client notices the missing bytes.
      if (!piece) throw new CordonError('not_found', 'The attachment was removed while it was sent.');
      yield piece;
    }
  }

  return {
    async put(enrollment, id, read) {
      await requireService(gate, 'messaging', enrollment.device);
      const leave = uploads.occupy(enrollment.device);
      try {
        const bytes = await read();
        // Check again whether the device may use messaging, because an order may have taken effect during a long transfer.
        await requireService(gate, 'messaging', enrollment.device);
        if (bytes.length === 0) throw new CordonError('invalid_input', 'An attachment has at least one byte.');
        await store.put({ id, enrollment, bytes, at: clock.now() }, { since: since(), most: MOST_ATTACHED });
      } finally {
        leave();
      }
    },
    async get({ device }, id) {
      await requireService(gate, 'messaging', device);
      const end = downloads.occupy(device);
      try {
        const size = await store.size(id, since());
        if (size === null) throw new CordonError('not_found', 'There is no such attachment. It may have been removed.');
        return { size, pieces: () => piecesOf(id, size), end };
      } catch (error) {
        end();
        throw error;
      }
    },
  };
}
