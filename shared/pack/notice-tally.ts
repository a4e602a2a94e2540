/**
 * Counts the devices whose receipts confirm each notice that users got about an order. Notices about an earlier start time of the order do
 * not count, because a revision has replaced this time.
 */
import { NOTICE_MOMENTS, type NoticeMoment } from '../order/documents.ts';
import { isLate, type NoticeCount } from '../order/notice-times.ts';
import type { Instant } from '../time/clock.ts';
import type { ReceiptFact } from './receipt-fact.ts';

export type Noticed = NoticeCount & { readonly moment: NoticeMoment };

export interface NoticeTally {
  /** Adds the receipts of one device. Must be called only once for each device. */
  add(receipts: readonly ReceiptFact[]): void;
  /**
   * Returns for each notice the numbers of devices that stored the notice, displayed it, or got it late. The earliest notice is first.
   * Notices without a receipt are absent.
   */
  counts(): Noticed[];
}

/**
 * Creates a counter of devices by notice. `effective`: time at which the order takes effect according to each adopted revision, oldest
 * revision first.
 */
export function tallyNotices(effective: ReadonlyMap<number, Instant>): NoticeTally {
  const newest = [...effective.values()].at(-1);
  const sums = new Map<NoticeMoment, { delivered: number; displayed: number; late: number }>();
  return {
    add: (receipts) => {
      const current = receipts.filter(({ revision }) => effective.get(revision) === newest);
      for (const moment of NOTICE_MOMENTS) {
        const own = current.filter(({ notice }) => notice === moment);
        const delivered = own.filter(({ kind }) => kind === 'delivered').map(({ at }) => at);
        const displayed = own.some(({ kind }) => kind === 'displayed');
        if (newest === undefined || (delivered.length === 0 && !displayed)) continue;
        const sum = sums.get(moment) ?? { delivered: 0, displayed: 0, late: 0 };
        sums.set(moment, {
          delivered: sum.delivered + (delivered.length > 0 ? 1 : 0),
          displayed: sum.displayed + (displayed ? 1 : 0),
          late: sum.late + (isFirstLate(moment, newest, delivered) ? 1 : 0),
        });
      }
    },
    counts: () =>
      NOTICE_MOMENTS.flatMap((moment) => {
        const sum = sums.get(moment);
        return sum ? [{ moment, ...sum }] : [];
      }),
  };
}

/**
 * True if a device's first receipt about a notice was late. Later receipts are ignored, because a device that enrolls again repeats its
 * receipts.
 */
const isFirstLate = (moment: NoticeMoment, effective: Instant, delivered: readonly Instant[]): boolean =>
  delivered.length > 0 && isLate(moment, effective, Math.min(...delivered));
