/** Encrypted pieces of mails. A device uploads the pieces, then the mail that names them. Only recipients of the mail download them. */
import { hash } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { type Enrollment, requireService, type ServiceGate } from '../relay/relay.ts';
import { createTransferSlots, type TransferSlots } from '../transfer-slots.ts';
import type { MailPieceStore } from './ports.ts';

const MiB = 1024 * 1024;
/**
 * Maximum bytes of a device's pieces that no mail names. The server deletes such a piece after a day (`server/store/retention-periods.ts`).
 */
export const MOST_UNNAMED = 256 * MiB;
/** Maximum number of concurrent uploads, because each upload is in memory. */
const UPLOADS: TransferSlots = { all: 32, ofOne: 4 };
/** Maximum number of concurrent downloads, because each download has one part in memory. */
const DOWNLOADS: TransferSlots = { all: 128, ofOne: 4 };
const PART = 512 * 1024;

/** A download occupies one of the slots until `end` is called. */
export interface PieceDownload {
  readonly size: number;
  readonly pieces: () => AsyncIterable<Buffer>;
  readonly end: () => void;
}

export interface MailPieces {
  /**
   * Stores a piece. Occupies a slot before `read` receives the bytes. Throws `service_denied` if an order suspends mail, `unavailable`
   * without a free slot, and the store's errors.
   */
  put(enrollment: Enrollment, id: string, read: () => Promise<Buffer>): Promise<void>;
  /**
   * Starts the download of a piece. Throws `not_found` unless a mail that the device may receive now names the piece; `service_denied`,
   * `unavailable`.
   */
  get(enrollment: Enrollment, id: string): Promise<PieceDownload>;
}

export function createMailPieces({
  store,
  gate,
  clock,
}: {
  readonly store: MailPieceStore;
  readonly gate: ServiceGate;
  readonly clock: Clock;
}): MailPieces {
  const uploads = createTransferSlots(UPLOADS);
  const downloads = createTransferSlots(DOWNLOADS);

  async function* partsOf(id: string, size: number): AsyncIterable<Buffer> {
    for (let from = 0; from < size; from += PART) {
      const part = await store.part(id, from, PART);
      // If a piece disappeared during the download, the response ends early, so that the client notices the missing bytes.
      if (!part) throw new CordonError('not_found', 'The piece was deleted while it was sent.');
      yield part;
    }
  }

  return {
    async put(enrollment, id, read) {
      await requireService(gate, 'mail', enrollment.device);
      const leave = uploads.occupy(enrollment.device);
      try {
        const bytes = await read();
        // The order is checked again after the transfer, because an order may have taken effect meanwhile.
        await requireService(gate, 'mail', enrollment.device);
        if (bytes.length === 0) throw new CordonError('invalid_input', 'A piece of a mail has at least one byte.');
        const sha256 = hash('sha256', bytes, 'hex');
        await store.put({ id, enrollment, bytes, sha256, at: clock.now() }, MOST_UNNAMED);
      } finally {
        leave();
      }
    },
    async get(enrollment, id) {
      const { device } = enrollment;
      if (gate.restricts(device)) await requireService(gate, 'mail', device);
      const { allowed } = (await gate.verdict(device)).services.mail;
      const end = downloads.occupy(device);
      try {
        const size = await store.size(id, enrollment, !allowed);
        if (size === null) await requireService(gate, 'mail', device);
        if (size === null) throw new CordonError('not_found', 'No waiting mail of this device has such a piece.');
        return { size, pieces: () => partsOf(id, size), end };
      } catch (error) {
        end();
        throw error;
      }
    },
  };
}
