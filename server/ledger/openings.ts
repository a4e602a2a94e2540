/**
 * Openings (salt and subject) of the ledger entries about one subject. They link public entries to a person or device, so each reading is a
 * ledger entry, and one admin reads few subjects a day (ADR 54).
 */
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft, Opening } from '../../shared/ledger/ledger-entry.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { People } from '../independence/independence.ts';
import { isRepetition, READ_SUBJECTS, READING_WINDOW, type Reading, retryTime } from '../reading-limit.ts';

/** Number of ledger entries that one request covers. */
const ENTRIES_AT_ONCE = 10_000;

export interface OpeningStore {
  /** Subjects that the reader has read after `since`. */
  readings(reader: string, since: number): Promise<Reading[]>;
  /** Stores a reading with its ledger entry, and deletes all readings that are not after `since`. */
  read(reader: string, reading: Reading, since: number, entry: EntryDraft<'ledger.opened'>): Promise<void>;
  openings(subject: string, from: number, to: number): Promise<{ readonly index: number; readonly opening: Opening }[]>;
}

export interface OpeningsPorts {
  readonly store: OpeningStore;
  /** Returns the number of entries in the published ledger. */
  readonly size: () => Promise<number>;
  /** Resolves ids of people. Several ids can belong to the same human being (ADR 33), who counts once. */
  readonly people: () => Promise<Pick<People, 'canonical'>>;
  readonly clock: Clock;
}

export function createOpenings({ store, size, people, clock }: OpeningsPorts) {
  const queue = createSerialQueue();

  /** Counts and records the reading. Throws `ledger_opening_limit`. */
  async function admit(by: PersonId, subject: string): Promise<void> {
    const reader = (await people()).canonical(by);
    const at = clock.now();
    const since = at - READING_WINDOW;
    const earlier = await store.readings(reader, since);
    if (isRepetition(earlier, subject, at)) return;
    const retryAt = retryTime(earlier, subject, at);
    if (retryAt !== null) {
      const detail = `You have read the ledger entries about ${READ_SUBJECTS} subjects in 24 hours, the most that one person may read. Wait until ${new Date(retryAt).toISOString()}, or ask another person of the role auditor.`;
      throw new CordonError('ledger_opening_limit', detail, { limit: READ_SUBJECTS, retryAt });
    }
    await store.read(reader, { subject, at }, since, {
      kind: 'ledger.opened',
      at,
      subject: canonicalText({ by, subject }),
      public: {},
    });
  }

  /** Openings of the entries about `subject` from index `from`. `next`: index from which the next request continues. */
  return async (by: PersonId, subject: string, from: number) => {
    // Readings run one after the other, because simultaneous requests could otherwise exceed the limit.
    await queue(() => admit(by, subject));
    const to = Math.max(from, Math.min(await size(), from + ENTRIES_AT_ONCE));
    return { openings: await store.openings(subject, from, to), next: to };
  };
}

export type Openings = ReturnType<typeof createOpenings>;
