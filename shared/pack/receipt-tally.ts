/** Statistics about receipts in an evidence pack, computed by the server and again by the verifier. */
import { RECEIPT_KINDS, type Receipt } from '../order/documents.ts';
import type { Instant } from '../time/clock.ts';
import { type Noticed, tallyNotices } from './notice-tally.ts';
import type { ReceiptFact } from './receipt-fact.ts';

export interface ReceiptCounts {
  readonly byKind: Readonly<Record<Receipt['kind'], number>>;
  /**
   * Numbers of devices that stored or displayed each notice, earliest notice first. Notices about an earlier start time of the order do not
   * count, because a revision has replaced this time.
   */
  readonly notices: readonly Noticed[];
  readonly responded: number;
}

export interface ReceiptTally {
  add(receipts: readonly ReceiptFact[]): void;
  counts(): ReceiptCounts;
}

/** Kinds of receipts that prove that an order affected the device, even if the server's records do not say so. */
export const AFFECTED_KINDS: readonly Receipt['kind'][] = ['enforced', 'wiped'];

export const provesAffected = (receipts: readonly Pick<ReceiptFact, 'kind'>[]): boolean =>
  receipts.some(({ kind }) => AFFECTED_KINDS.includes(kind));

/**
 * Creates a counter of devices by receipt. `effective`: time at which the order takes effect according to each adopted revision, oldest
 * revision first.
 */
export function tallyReceipts(effective: ReadonlyMap<number, Instant>): ReceiptTally {
  const byKind: Record<Receipt['kind'], number> = { delivered: 0, displayed: 0, enforced: 0, restored: 0, wiped: 0 };
  const notices = tallyNotices(effective);
  let responded = 0;
  return {
    add: (receipts) => {
      responded += 1;
      const sent = new Set(receipts.map(({ kind }) => kind));
      for (const kind of RECEIPT_KINDS) if (sent.has(kind)) byKind[kind] += 1;
      notices.add(receipts);
    },
    counts: () => ({ byKind: { ...byKind }, notices: notices.counts(), responded }),
  };
}
