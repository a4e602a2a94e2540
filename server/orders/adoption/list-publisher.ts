/**
 * The publisher of the signed order list. The server signs a new list every day, so that a device notices when it no longer receives lists.
 */
import { isCordonError } from '../../../shared/errors.ts';
import { Loop } from '../../../shared/loops/loop.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import { parseDocument } from '../../../shared/order/canonical.ts';
import { type Envelope, orderListSchema, PAYLOAD_TYPES } from '../../../shared/order/documents.ts';
import { payloadOf, type Signer } from '../../../shared/order/dsse.ts';
import { stubText, withheldAt } from '../../../shared/order/stub.ts';
import { stubsOf, verifyList } from '../../../shared/order/verify-list.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { AdoptionStore, ListChange, Log, RevisionRow } from '../ports.ts';
import type { AdoptedApprovers } from './adopted-approvers.ts';
import { buildList, REFRESH_AFTER, type StoredList } from './order-list.ts';
import { readPayload, revisionEnvelopeOf } from './revision-payload.ts';

const RETRY_AFTER = 60_000;
/** Maximum time in milliseconds by which the date of a list may be ahead of the server's clock. */
const CLOCKS_DIFFER = 600_000;

export interface PublicList {
  /** Current order list; null before the first approver set is adopted. */
  current(): StoredList | null;
  /** Complete withheld revisions of which the order list contains only stubs. */
  withheld(): readonly Envelope[];
  /** Orders that a newly enrolled device would reject, because the order list lacks signatures by the current approver set. */
  uncovered(): readonly string[];
}

export interface ListPublisher {
  /** Signs the next order list after a change of the approver set or of one order. `siblings` has all revisions of the changed order. */
  next(set: ApproverSet, changed?: RevisionRow, siblings?: readonly RevisionRow[]): ListChange;
  /** Signs and stores the next order list now. Does nothing before the first approver set is adopted. */
  publish(): Promise<void>;
  /** Signs a new order list if one is due, and schedules the next run. */
  refresh(): Promise<void>;
  onChange(listener: () => void): void;
  announceChange(): void;
  stop(): Promise<void>;
}

/** Removes signatures of older approver sets from a revision (ADR 10), so that the order list does not grow with each new set. */
const signedUnder = (row: RevisionRow, { persons }: ApproverSet): RevisionRow => ({
  ...row,
  approvals: row.approvals.filter(({ keyid }) => persons.has(keyid)),
});

/** Returns the complete revision, or its stub while the order is withheld. */
function listedEnvelopeOf(row: RevisionRow, now: Instant): Envelope {
  const text = withheldAt(readPayload(row.payload), now) ? stubText(row.payload, row.digest) : null;
  if (text === null) return revisionEnvelopeOf(row);
  return {
    payloadType: PAYLOAD_TYPES.stub,
    payload: Buffer.from(text).toString('base64'),
    signatures: row.approvals.flatMap(({ keyid, stub }) => (stub === null ? [] : [{ keyid, sig: stub }])),
  };
}

/**
 * Revisions of one order in the order list: the newest adopted revision, and for a paused order also the paused revision. A device accepts
 * a one-person pause only together with the paused revision.
 */
function listedOf(rows: readonly RevisionRow[]): RevisionRow[] {
  const newest = rows.at(-1);
  if (!newest) return [];
  if (newest.act !== 'pause') return [newest];
  const { previous } = readPayload(newest.payload);
  const base = rows.find((row) => row.digest === previous);
  return base ? [base, newest] : [newest];
}

/** Earliest time after `after` at which a withheld revision becomes public; infinity if there is none. */
function nextPublication(revisions: Iterable<readonly RevisionRow[]>, after: Instant): Instant {
  const instants = [...revisions].flatMap(listedOf).flatMap(({ payload }) => {
    const { publication } = readPayload(payload).terms;
    return publication && 'until' in publication ? [Date.parse(publication.until)] : [];
  });
  return Math.min(...instants.filter((at) => at > after));
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
  let behindStubs: { readonly of: StoredList; readonly revisions: unknown; readonly withheld: Envelope[] } | null =
    null;

  /** The result is computed once for each list, because many devices request it. */
  function withheld(): readonly Envelope[] {
    const set = approvers.current();
    const revisions = adopted.revisions();
    if (!list || !set) return [];
    if (behindStubs?.of !== list || behindStubs.revisions !== revisions) {
      const { orders } = parseDocument(orderListSchema, payloadOf(list.envelope, PAYLOAD_TYPES.list));
      const digests = new Set(stubsOf({ orders }).map(({ digest }) => digest));
      const rows = digests.size === 0 ? [] : [...revisions.values()].flat().filter(({ digest }) => digests.has(digest));
      behindStubs = { of: list, revisions, withheld: rows.map((row) => revisionEnvelopeOf(signedUnder(row, set))) };
    }
    return behindStubs.withheld;
  }

  function dueAt({ issuedAt }: StoredList): Instant {
    // The server's clock was ahead when it signed the last list. A newly enrolled device uses the date of the list as its first
    // authenticated time.
    if (issuedAt > clock.now() + CLOCKS_DIFFER) return clock.now();
    return Math.min(issuedAt + REFRESH_AFTER, nextPublication(adopted.revisions().values(), issuedAt));
  }

  function next(set: ApproverSet, changed?: RevisionRow, siblings: readonly RevisionRow[] = []): ListChange {
    const now = clock.now();
    const all = new Map(adopted.revisions());
    if (changed) {
      const before = siblings.filter((row) => row.state === 'adopted' && row.revision < changed.revision);
      all.set(changed.order, [...before, changed]);
    }
    const revisions = [...all]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, rows]) => listedOf(rows).map((row) => listedEnvelopeOf(signedUnder(row, set), now)));
    const { version: approverSet } = set.approvers;
    const built = buildList({ installation, before: list, approverSet, revisions, now, online });
    const { version, hash: digest } = built;
    return {
      list: built,
      entry: { kind: 'order.list', at: now, subject: null, public: { version, digest, approverSet } },
    };
  }

  function announceChange(): void {
    for (const listener of listeners) listener();
  }

  const refresh = new Loop({
    ...{ clock, retryAfter: RETRY_AFTER },
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
          // Another adoption, on this or another node, has already stored the next list.
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
      // The read may have started before the current list was stored.
      if (!list || (stored && stored.version > list.version)) list = stored;
      if (list) refresh.requestAt(dueAt(list));
    },
    list: {
      current: () => list,
      withheld,
      uncovered: () => {
        const set = approvers.current();
        if (!set || !list) return [];
        // Verify the order list as a newly enrolled device would.
        const known = { installation, version: 0, hash: null, orders: new Map() };
        const { alerts } = verifyList({
          ...{ envelope: list.envelope, withheld: withheld(), approverSet: set, known, now: clock.now() },
        });
        return [...new Set(alerts.map((alert) => alert.order))];
      },
    },
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
      onChange: (listener) => void listeners.push(listener),
      announceChange,
      stop: () => refresh.stop(),
    },
  };
}
