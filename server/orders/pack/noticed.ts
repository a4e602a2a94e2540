/** How many devices whose receipts stand in a pack say that they gave a notice of the order's plan, of the date that stands. Pure. */
import { NOTICE_MOMENTS, type NoticeMoment } from '../../../shared/order/documents.ts';
import { isLate, type NoticeCount } from '../../../shared/order/notice-times.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { RevisionRow } from '../ports.ts';
import { readPayload } from '../views.ts';
import type { PackReceipt } from './packs.ts';

export type Noticed = NoticeCount & { readonly moment: NoticeMoment };

export interface NoticeTally {
  /** The receipts of one device, each once. */
  add(receipts: readonly Pick<PackReceipt, 'kind' | 'revision' | 'notice' | 'at'>[]): void;
  /** In the order of the plan; those of which no device has said anything are left out. */
  counts(): Noticed[];
}

export function tallyNotices(adopted: readonly RevisionRow[]): NoticeTally {
  const effective = new Map(
    adopted.map(({ revision, payload }) => [revision, Date.parse(readPayload(payload).terms.effective)]),
  );
  const standing = [...effective.values()].at(-1);
  const sums = new Map<NoticeMoment, { informed: number; shown: number; late: number }>();
  return {
    add: (receipts) => {
      // Another date was told of by itself.
      const said = receipts.filter(({ revision }) => effective.get(revision) === standing);
      for (const moment of NOTICE_MOMENTS) {
        const own = said.filter(({ notice }) => notice === moment);
        const informed = own.filter(({ kind }) => kind === 'informed').map(({ at }) => at);
        const shown = own.some(({ kind }) => kind === 'shown');
        if (standing === undefined || (informed.length === 0 && !shown)) continue;
        const sum = sums.get(moment) ?? { informed: 0, shown: 0, late: 0 };
        sums.set(moment, {
          informed: sum.informed + (informed.length > 0 ? 1 : 0),
          shown: sum.shown + (shown ? 1 : 0),
          late: sum.late + (lateBy(moment, standing, informed) ? 1 : 0),
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

/** The first word counts: a device that has enrolled anew says it again. */
const lateBy = (moment: NoticeMoment, effective: Instant, informed: readonly Instant[]): boolean =>
  informed.length > 0 && isLate(moment, effective, Math.min(...informed));
