/**
 * Time corrections on the server. The server verifies a time correction by the same rules as devices, stores it with a ledger entry, and
 * sends it to devices. The server signs no time correction.
 */
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { readApproverSet } from '../../shared/order/approvers.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { verifyTimeCorrection } from '../../shared/order/time-correction.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';

export interface StoredCorrection {
  readonly version: number;
  readonly envelope: Envelope;
  readonly publishedAt: Instant;
  readonly publishedBy: string;
}

export interface TimeCorrectionStore {
  corrections(limit: number): Promise<StoredCorrection[]>;
  /**
   * Stores the time correction and its ledger entry in one transaction. Throws `conflict` if the store has a time correction with the same
   * version.
   */
  addCorrection(correction: StoredCorrection, entry: EntryDraft<'time.corrected'>): Promise<void>;
}

const MOST_LISTED = 100;

export interface TimeCorrections {
  list(): Promise<StoredCorrection[]>;
  newest(): Envelope | null;
  publish(envelope: Envelope, account: string): Promise<StoredCorrection>;
}

export async function openTimeCorrections(ports: {
  readonly store: TimeCorrectionStore;
  readonly approverSets: () => readonly Envelope[];
  readonly clock: Clock;
  readonly bus: Bus;
}): Promise<TimeCorrections> {
  const { store, approverSets, clock, bus } = ports;
  let [newest = null] = await store.corrections(1);

  return {
    list: () => store.corrections(MOST_LISTED),
    newest: () => newest?.envelope ?? null,
    async publish(envelope, account) {
      const set = approverSets().at(-1);
      if (!set) throw new CordonError('approvers_required', 'There is no approver set yet.');
      const correction = verifyTimeCorrection(envelope, readApproverSet(set));
      const next = (newest?.version ?? 0) + 1;
      if (correction.version !== next) {
        throw new CordonError(
          'conflict',
          `The next time correction must have version ${next}, not ${correction.version}.`,
        );
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
