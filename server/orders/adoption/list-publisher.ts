/** Publisher of the signed order list. The server signs a new list every day, so that a device notices when it no longer receives lists. */
import { isCordonError } from '../../../shared/errors.ts';
import { Loop } from '../../../shared/loops/loop.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import type { Signer } from '../../../shared/order/dsse.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { AdoptionStore, ListChange, Log, RevisionRow } from '../ports.ts';
import type { AdoptedApprovers } from './adopted-approvers.ts';
import { listedEnvelopes, nextPublication, withChange } from './listed-revisions.ts';
import { buildList, REFRESH_AFTER, type StoredList } from './order-list.ts';
import { createPublicList, type PublicList } from './public-list.ts';

const RETRY_AFTER = 60_000;
/**
 * Milliseconds by which the date of an order list may be ahead of the server's clock. The server replaces a list with a later date, because
 * the clock was wrong when the server signed the list.
 */
const CLOCKS_DIFFER = 600_000;

export interface ListPublisher {
  /**
   * Signs the next order list. `changed` is the changed revision, and `siblings` has all revisions of its order. Both are undefined if only
   * the approver set changed.
   */
  next(set: ApproverSet, changed?: RevisionRow, siblings?: readonly RevisionRow[]): ListChange;
  /** Signs and stores a new order list immediately. Does nothing before an approver set is adopted. */
  publish(): Promise<void>;
  refresh(): Promise<void>;
  /** Replaces an order list whose date is in the future after the server's clock was set back. */
  clockChanged(): void;
  onChange(listener: () => void): void;
  announceChange(): void;
  stop(): Promise<void>;
}

export function createListPublisher(ports: {
  readonly store: Pick<AdoptionStore, 'appendList'>;
  readonly approvers: Pick<AdoptedApprovers, 'current'>;
  readonly adopted: { revisions(): ReadonlyMap<string, readonly RevisionRow[]> };
  readonly load: () => Promise<void>;
  readonly clock: Clock;
  readonly online: Signer;
  readonly installation: string;
  readonly log: Log;
}): { readonly list: PublicList; readonly publisher: ListPublisher; replace(stored: StoredList | null): void } {
  const { store, approvers, adopted, load, clock, online, installation, log } = ports;
  const listeners: (() => void)[] = [];
  let list: StoredList | null = null;

  function dueAt({ issuedAt }: StoredList): Instant {
    // A list with a future date was signed while the server's clock was wrong. Replace it immediately, because a newly enrolled device uses
    // the date of its order list as the first authenticated time.
    if (issuedAt > clock.now() + CLOCKS_DIFFER) return clock.now();
    return Math.min(issuedAt + REFRESH_AFTER, nextPublication(adopted.revisions().values(), issuedAt));
  }

  function next(set: ApproverSet, changed?: RevisionRow, siblings: readonly RevisionRow[] = []): ListChange {
    const now = clock.now();
    const revisions = listedEnvelopes(withChange(adopted.revisions(), changed, siblings), set, now);
    const { version: approverSet } = set.approvers;
    const built = buildList({ installation, before: list, approverSet, revisions, now, online });
    const { version, hash: digest } = built;
    return {
      list: built,
      entry: { kind: 'order.list', at: now, subject: null, public: { version, digest, approverSet } },
    };
  }

  const announceChange = () => {
    for (const listener of listeners) listener();
  };

  const refresh = new Loop({
    clock,
    retryAfter: RETRY_AFTER,
    run: async () => {
      const set = approvers.current();
      if (!set) return null;
      if (!list || clock.now() >= dueAt(list)) {
        const change = next(set);
        try {
          await store.appendList(change);
          list = change.list;
          announceChange();
        } catch (error) {
          // A concurrent adoption has already stored a list of this version.
          if (!isCordonError(error, 'conflict')) throw error;
          await load();
        }
      }
      return list ? dueAt(list) : clock.now() + REFRESH_AFTER;
    },
    failed: (error) => log.warn({ err: error }, 'The order list could not be refreshed. The server tries again.'),
  });

  return {
    replace: (stored) => {
      // Do not replace a newer list in memory with an older one from the store: another task may have stored a newer list after this read
      // began.
      if (!list || (stored && stored.version > list.version)) list = stored;
      if (list) refresh.requestAt(dueAt(list));
    },
    list: createPublicList({ current: () => list, approvers, adopted, clock, installation }),
    publisher: {
      next,
      publish: async () => {
        const set = approvers.current();
        if (!set) return;
        const change = next(set);
        await store.appendList(change);
        list = change.list;
        refresh.requestAt(dueAt(list));
      },
      refresh: () => refresh.runOrThrow(),
      clockChanged: () => refresh.request(),
      onChange: (listener) => void listeners.push(listener),
      announceChange,
      stop: () => refresh.stop(),
    },
  };
}
