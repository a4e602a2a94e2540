/** The current order list in the form in which devices and the public receive it. */
import type { Envelope } from '../../../shared/order/documents.ts';
import { verifyList } from '../../../shared/order/verify-list.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { RevisionRow } from '../ports.ts';
import type { AdoptedApprovers } from './adopted-approvers.ts';
import { revisionsOfStubs } from './listed-revisions.ts';
import type { StoredList } from './order-list.ts';

export interface PublicList {
  current(): StoredList | null;
  /** Complete texts of the withheld revisions that the order list contains only as stubs (public replacements). */
  withheld(): readonly Envelope[];
  /** Numbers of orders that a newly enrolled device would reject, because the orders lack signatures by the current approver set. */
  uncovered(): readonly string[];
}

export function createPublicList(ports: {
  readonly current: () => StoredList | null;
  readonly approvers: Pick<AdoptedApprovers, 'current'>;
  readonly adopted: { revisions(): ReadonlyMap<string, readonly RevisionRow[]> };
  readonly clock: Pick<Clock, 'now'>;
  readonly installation: string;
}): PublicList {
  const { current, approvers, adopted, clock, installation } = ports;
  let cached: { readonly list: StoredList; readonly revisions: unknown; readonly withheld: Envelope[] } | null = null;

  /**
   * Returns the full texts of the revisions that the order list replaces by public summaries. The result is cached for each order list,
   * because many devices request these texts.
   */
  function withheld(): readonly Envelope[] {
    const list = current();
    const set = approvers.current();
    const revisions = adopted.revisions();
    if (!list || !set) return [];
    if (cached?.list !== list || cached.revisions !== revisions) {
      cached = { list, revisions, withheld: revisionsOfStubs(list, revisions, set) };
    }
    return cached.withheld;
  }

  return {
    current,
    withheld,
    uncovered: () => {
      const list = current();
      const approverSet = approvers.current();
      if (!approverSet || !list) return [];
      // Verify the order list like a newly enrolled device, which has no earlier list.
      const known = { installation, version: 0, hash: null, orders: new Map() };
      const { envelope } = list;
      const { alerts } = verifyList({ envelope, withheld: withheld(), approverSet, known, now: clock.now() });
      return [...new Set(alerts.map(({ order }) => order))];
    },
  };
}
