/**
 * Counts, for each notice of the order's notice plan, the devices whose receipts confirm the notice. Only notices for the newest effective
 * time count.
 */
import { NOTICE_MOMENTS, type NoticeMoment } from '../order/documents.ts';
import { isLate, type NoticeCount } from '../order/notice-times.ts';
import type { Instant } from '../time/clock.ts';
import type { ReceiptFact } from './receipt-fact.ts';

export type Noticed = NoticeCount & { readonly moment: NoticeMoment };

export interface NoticeTally {
  /** Adds the receipts of one device. Callers must call the function only once for each device. */
  add(receipts: readonly ReceiptFact[]): void;
  /** Numbers of devices for each notice, in the order of the plan. Notices without a receipt are absent. */
  counts(): Noticed[];
}

/** Counter of receipts about notices. `effective` has the effective time of each adopted revision, oldest first. */
export function tallyNotices(effective: ReadonlyMap<number, Instant>): NoticeTally {
  const newest = [...effective.values()].at(-1);
  const sums = new Map<NoticeMoment, { delivered: number; displayed: number; late: number }>();
  return {
    add: (receipts) => {
      // A notice counts only if it was about the newest effective time.
      const said = receipts.filter(({ revision }) => effective.get(revision) === newest);
      for (const moment of NOTICE_MOMENTS) {
        const own = said.filter(({ notice }) => notice === moment);
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

/** Whether the first receipt about a notice was late. A device that enrolls again repeats its receipts, so later receipts do not count. */
const isFirstLate = (moment: NoticeMoment, effective: Instant, delivered: readonly Instant[]): boolean =>
  delivered.length > 0 && isLate(moment, effective, Math.min(...delivered));
