/** Time corrections on the server: verified like on a device, stored with a ledger entry, and offered to devices. The server signs none. */
import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { readRoot } from '../../shared/order/approvers.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { verifyTimeCorrection } from '../../shared/order/time-correction.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';

export interface StoredCorrection {
  readonly version: number;
  readonly envelope: Envelope;
  readonly publishedAt: Instant;
  /** The account. */
  readonly publishedBy: string;
}

export interface TimeCorrectionStore {
  /** Newest first. */
  corrections(limit: number): Promise<StoredCorrection[]>;
  /** Together with the ledger entry. Throws `conflict` when the version is taken. */
  addCorrection(correction: StoredCorrection, leaf: LeafDraft<'time.corrected'>): Promise<void>;
}

const MOST_LISTED = 100;

export interface TimeCorrections {
  list(): Promise<StoredCorrection[]>;
  /** The published correction. Null: none was ever published. */
  newest(): Envelope | null;
  publish(envelope: Envelope, account: string): Promise<StoredCorrection>;
}

export async function openTimeCorrections(ports: {
  readonly store: TimeCorrectionStore;
  /** Adopted approver sets, oldest first. */
  readonly roots: () => readonly Envelope[];
  readonly clock: Clock;
  readonly bus: Bus;
}): Promise<TimeCorrections> {
  const { store, roots, clock, bus } = ports;
  let [newest = null] = await store.corrections(1);

  return {
    list: () => store.corrections(MOST_LISTED),
    newest: () => newest?.envelope ?? null,
    async publish(envelope, account) {
      const set = roots().at(-1);
      if (!set) throw new CordonError('approvers_required', 'There is no approver set yet.');
      const correction = verifyTimeCorrection(envelope, readRoot(set));
      const next = (newest?.version ?? 0) + 1;
      if (correction.version !== next) {
        throw new CordonError('conflict', `The next time correction has version ${next}, not ${correction.version}.`);
      }
      const stored = { version: next, envelope, publishedAt: clock.now(), publishedBy: account };
      await store.addCorrection(stored, {
        kind: 'time.corrected',
        at: stored.publishedAt,
        subject: null,
        public: {
          version: next,
          digest: sha256(Buffer.from(envelope.payload, 'base64')),
          from: Date.parse(correction.from),
          until: Date.parse(correction.until),
        },
      });
      newest = stored;
      bus.publish({ kind: 'time-correction' });
      return stored;
    },
  };
}
