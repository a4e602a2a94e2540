/**
 * What the orders module holds in memory of its store: the roots, the adopted revisions and the list, and what follows from them. It also keeps
 * the list fresh: made anew every day, so that a device can tell a server that is silent from one that is kept from it.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { type Root, readRoot } from '../../shared/order/approvers.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import {
  type Envelope,
  type OrderList,
  orderListSchema,
  PAYLOAD_TYPES,
  type Revision,
} from '../../shared/order/documents.ts';
import { payloadOf, type Signer } from '../../shared/order/dsse.ts';
import { compileRules } from '../../shared/order/rules.ts';
import { stubText, withheldAt } from '../../shared/order/stub.ts';
import { type AcceptedRevision, readAccepted, stubsOf, verifyList } from '../../shared/order/verify-list.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { ThenAccepted } from './explaining.ts';
import { buildList, REFRESH_AFTER, requireRoom, type StoredList } from './order-list.ts';
import type { ListChange, Log, OrderRow, OrderStore, RevisionRow, RootRow } from './ports.ts';
import { readPayload } from './views.ts';

const RETRY_AFTER = 60_000;

export interface OrderState {
  load(): Promise<void>;
  /** Makes the list anew when it is due, and schedules the next time. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
  root(): Root | null;
  /** Throws `approvers_required` before there is one. */
  rootInForce(): Root;
  rootEnvelopes(): readonly Envelope[];
  /** Adopted approver sets, oldest first. */
  roots(): readonly Root[];
  /** Makes the next list now and stores it. Nothing before there is an approver set. */
  publish(): Promise<void>;
  list(): StoredList | null;
  /** The revisions behind the list's stubs. */
  withheld(): readonly Envelope[];
  accepted(): ReadonlyMap<string, AcceptedRevision>;
  rules(): readonly OrderRule[];
  /** What counted at a past instant: of each order the newest revision that was adopted by then, with the approvals of then. */
  acceptedAt(at: Instant): ThenAccepted[];
  /** The exits among an order's adopted revisions, oldest first. */
  exitsOf(order: string): { readonly revision: number; readonly adoptedAt: Instant }[];
  uncovered(): readonly string[];
  /**
   * Throws `too_large` when the list would be so for devices with this revision in it. What neither names more devices nor says more is never refused:
   * an order can always be held, released, extended and withdrawn.
   */
  requireRoom(document: Pick<Revision, 'order' | 'act'>, payload: string): void;
  /** The list after a change: of root, or of one order (`changed`, with all revisions of its order). */
  nextList(root: Root, changed?: RevisionRow, siblings?: readonly RevisionRow[]): ListChange;
}

/** The date of a list can be ahead of the clock by this much without a fault. */
const CLOCKS_DIFFER = 600_000;

export function revisionEnvelopeOf(row: Pick<RevisionRow, 'payload' | 'approvals'>): Envelope {
  return {
    payloadType: PAYLOAD_TYPES.revision,
    payload: Buffer.from(row.payload).toString('base64'),
    signatures: row.approvals.map(({ keyid, signature }) => ({ keyid, sig: signature })),
  };
}

/** With the signatures that count for whoever reads it now, which are those of the newest root (ADR 10): a list does not grow with each rotation. */
const underRoot = (row: RevisionRow, { persons }: Root): RevisionRow => ({
  ...row,
  approvals: row.approvals.filter(({ keyid }) => persons.has(keyid)),
});

/** As it stands in the list: whole, or as its stub while it is kept from the public. */
function listedEnvelopeOf(row: RevisionRow, now: Instant): Envelope {
  const text = withheldAt(readPayload(row.payload), now) ? stubText(row.payload, row.digest) : null;
  if (text === null) return revisionEnvelopeOf(row);
  return {
    payloadType: PAYLOAD_TYPES.stub,
    payload: Buffer.from(text).toString('base64'),
    signatures: row.approvals.flatMap(({ keyid, stub }) => (stub === null ? [] : [{ keyid, sig: stub }])),
  };
}

export function rootEnvelopeOf(row: RootRow): Envelope {
  return {
    payloadType: PAYLOAD_TYPES.approvers,
    payload: Buffer.from(row.payload).toString('base64'),
    signatures: [...row.signatures],
  };
}

export async function orderOf(store: Pick<OrderStore, 'order'>, number: string): Promise<OrderRow> {
  const order = await store.order(number);
  if (order) return order;
  throw new CordonError('not_found', `There is no order ${number}.`, { order: number });
}

const readListOf = ({ envelope }: StoredList): OrderList =>
  parseDocument(orderListSchema, payloadOf(envelope, PAYLOAD_TYPES.list));

/** What the list says of one order: its newest adopted revision, and beneath a hold the revision that it holds, without which one approver's word counts for nothing. */
function listed(rows: readonly RevisionRow[]): RevisionRow[] {
  const newest = rows.at(-1);
  if (!newest) return [];
  if (newest.act !== 'hold') return [newest];
  const { previous } = readPayload(newest.payload);
  const base = rows.find((row) => row.digest === previous);
  return base ? [base, newest] : [newest];
}

export function openOrderState(ports: {
  readonly store: OrderStore;
  readonly clock: Clock;
  readonly online: Signer;
  readonly installation: string;
  readonly log: Log;
  /** A refreshed list was stored. */
  readonly changed: () => void;
}): OrderState {
  const { store, clock, online, installation, log, changed: listChanged } = ports;
  let roots: readonly { envelope: Envelope; root: Root }[] = [];
  let list: StoredList | null = null;
  /** Every adopted revision by order, oldest first. */
  let adopted = new Map<string, readonly RevisionRow[]>();
  let accepted = new Map<string, AcceptedRevision>();
  let rules: readonly OrderRule[] = [];
  let beside: { readonly of: StoredList; readonly withheld: readonly Envelope[] } | null = null;
  let cancelRefresh: () => void = () => undefined;
  let refreshing: Promise<void> = Promise.resolve();
  let stopped = false;

  function byOrder(rows: readonly RevisionRow[]): Map<string, readonly RevisionRow[]> {
    return new Map(Map.groupBy(rows, (row) => row.order));
  }

  async function load(): Promise<void> {
    const [rootRows, newestList, rows] = await Promise.all([store.roots(), store.list(), store.adoptedRevisions()]);
    roots = rootRows
      .filter((row) => row.state === 'adopted')
      .map(rootEnvelopeOf)
      .map((envelope) => ({ envelope, root: readRoot(envelope) }));
    // A read that began before a newer list was stored does not take it back.
    if (!list || (newestList && newestList.version > list.version)) list = newestList;
    adopted = byOrder(rows);
    accepted = new Map();
    const chain = roots.map(({ root }) => root);
    for (const [order, revisions] of adopted) {
      const newest = revisions.at(-1);
      if (newest) accepted.set(order, readAccepted(revisionEnvelopeOf(newest), chain));
    }
    rules = compileRules(accepted.values());
    beside = null;
  }

  /** Worked out once a list: many devices are sent it. */
  function withheld(): readonly Envelope[] {
    const root = roots.at(-1)?.root;
    if (!list || !root) return [];
    if (beside?.of !== list) {
      const digests = new Set(stubsOf(readListOf(list)).map(({ digest }) => digest));
      const rows = digests.size === 0 ? [] : [...adopted.values()].flat().filter(({ digest }) => digests.has(digest));
      beside = { of: list, withheld: rows.map((row) => revisionEnvelopeOf(underRoot(row, root))) };
    }
    return beside.withheld;
  }

  /** When what the list keeps back now is to be published, the next of them; infinity when there is none. */
  function nextPublication(after: Instant): Instant {
    const instants = [...adopted.values()].flatMap(listed).flatMap(({ payload }) => {
      const { publication } = readPayload(payload).terms;
      return publication && 'until' in publication ? [Date.parse(publication.until)] : [];
    });
    return Math.min(...instants.filter((at) => at > after));
  }

  /** When the list is to be made anew. */
  const dueAt = (current: StoredList): Instant => {
    // The server's clock was ahead when it signed this list. A device that enrolls takes the list's date as its first authenticated time.
    if (current.issuedAt > clock.now() + CLOCKS_DIFFER) return clock.now();
    return Math.min(current.issuedAt + REFRESH_AFTER, nextPublication(current.issuedAt));
  };

  function nextList(root: Root, changed?: RevisionRow, siblings: readonly RevisionRow[] = []): ListChange {
    const now = clock.now();
    const all = new Map(adopted);
    if (changed) {
      const before = siblings.filter((row) => row.state === 'adopted' && row.revision < changed.revision);
      all.set(changed.order, [...before, changed]);
    }
    const revisions = [...all]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, rows]) => listed(rows).map((row) => listedEnvelopeOf(underRoot(row, root), now)));
    const { version } = root.approvers;
    const next = buildList({ installation, before: list, root: version, revisions, now, online });
    return {
      list: next,
      leaf: {
        kind: 'order.list',
        at: now,
        subject: null,
        public: { version: next.version, digest: next.hash, root: version },
      },
    };
  }

  async function refresh(): Promise<void> {
    cancelRefresh();
    const root = roots.at(-1)?.root;
    if (stopped || !root) return;
    if (!list || clock.now() >= dueAt(list)) {
      const next = nextList(root);
      try {
        await store.appendList(next);
        list = next.list;
        listChanged();
      } catch (error) {
        // An adoption, here or on another node, has made the next list meanwhile.
        if (!isCordonError(error, 'conflict')) throw error;
        await load();
      }
    }
    schedule(list ? dueAt(list) : clock.now() + REFRESH_AFTER);
  }

  function schedule(at: number): void {
    if (stopped) return;
    cancelRefresh();
    cancelRefresh = clock.at(at, () => {
      refreshing = refresh().catch((error: unknown) => {
        log.warn({ err: error }, 'the order list could not be made anew; trying again');
        schedule(clock.now() + RETRY_AFTER);
      });
    });
  }

  return {
    load: async () => {
      await load();
      if (list) schedule(dueAt(list));
    },
    refresh,
    stop: async () => {
      stopped = true;
      cancelRefresh();
      await refreshing;
    },
    root: () => roots.at(-1)?.root ?? null,
    rootInForce: () => {
      const root = roots.at(-1)?.root;
      if (root) return root;
      throw new CordonError('approvers_required', 'Adopt a root of approvers first: nobody could approve an order.');
    },
    rootEnvelopes: () => roots.map(({ envelope }) => envelope),
    roots: () => roots.map(({ root }) => root),
    publish: async () => {
      const root = roots.at(-1)?.root;
      if (!root) return;
      const next = nextList(root);
      await store.appendList(next);
      list = next.list;
      schedule(dueAt(next.list));
    },
    list: () => list,
    withheld,
    accepted: () => accepted,
    rules: () => rules,
    acceptedAt: (at) => {
      const chain = roots.map(({ root }) => root);
      return [...adopted]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, revisions]) => {
          const row = revisions.findLast(({ adoptedAt }) => adoptedAt !== null && adoptedAt <= at);
          if (!row) return [];
          const approvals = row.approvals.filter(({ approvedAt }) => approvedAt <= at);
          const adoptedAt = row.adoptedAt ?? at;
          return [{ ...readAccepted(revisionEnvelopeOf({ ...row, approvals }), chain), adoptedAt }];
        });
    },
    exitsOf: (order) =>
      (adopted.get(order) ?? []).flatMap(({ act, revision, adoptedAt }) =>
        act === 'exit' && adoptedAt !== null ? [{ revision, adoptedAt }] : [],
      ),
    uncovered: () => {
      const root = roots.at(-1)?.root;
      if (!root || !list) return [];
      // What a device that enrols now would make of the list.
      const known = { installation, version: 0, hash: null, orders: new Map() };
      const { alarms } = verifyList({
        ...{ envelope: list.envelope, withheld: withheld(), root, known, now: clock.now() },
      });
      return [...new Set(alarms.map((alarm) => alarm.order))];
    },
    requireRoom: ({ order, act }, payload) => {
      if (act !== 'propose' && act !== 'revise') return;
      const others = [...accepted].filter(([number]) => number !== order);
      requireRoom([
        { envelope: revisionEnvelopeOf({ payload, approvals: [] }), withdrawn: false },
        ...others.map(([, { envelope, revision }]) => ({ envelope, withdrawn: revision.status === 'withdrawn' })),
      ]);
    },
    nextList,
  };
}
