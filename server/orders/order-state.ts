/**
 * What the orders module holds in memory of its store: the roots, the adopted revisions and the list, and what follows from them. It also keeps
 * the list fresh: made anew every day, so that a device can tell a server that is silent from one that is kept from it.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { type Root, readRoot } from '../../shared/order/approvers.ts';
import { type Envelope, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import { compileRules } from '../../shared/order/rules.ts';
import { type AcceptedRevision, readAccepted, verifyList } from '../../shared/order/verify-list.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import { buildList, REFRESH_AFTER, type StoredList } from './order-list.ts';
import type { ListChange, Log, OrderRow, OrderStore, RevisionRow, RootRow } from './ports.ts';

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
  list(): StoredList | null;
  accepted(): ReadonlyMap<string, AcceptedRevision>;
  rules(): readonly OrderRule[];
  uncovered(): readonly string[];
  /** The list after a change: of root, or of one order (`changed`, with all revisions of its order). */
  nextList(root: Root, changed?: RevisionRow, siblings?: readonly RevisionRow[]): ListChange;
}

export function revisionEnvelopeOf(row: RevisionRow): Envelope {
  return {
    payloadType: PAYLOAD_TYPES.revision,
    payload: Buffer.from(row.payload).toString('base64'),
    signatures: row.approvals.map(({ keyid, signature }) => ({ keyid, sig: signature })),
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

/** What the list says of one order: its newest adopted revision, and beneath a hold the revision that it holds, without which one approver's word counts for nothing. */
function listed(rows: readonly RevisionRow[]): Envelope[] {
  const newest = rows.at(-1);
  if (!newest) return [];
  const envelope = revisionEnvelopeOf(newest);
  if (newest.act !== 'hold') return [envelope];
  const { previous } = readAccepted(envelope, []).revision;
  const base = rows.find((row) => row.digest === previous);
  return base ? [revisionEnvelopeOf(base), envelope] : [envelope];
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
  }

  function nextList(root: Root, changed?: RevisionRow, siblings: readonly RevisionRow[] = []): ListChange {
    const now = clock.now();
    const all = new Map(adopted);
    if (changed) {
      const before = siblings.filter((row) => row.state === 'adopted' && row.revision < changed.revision);
      all.set(changed.order, [...before, changed]);
    }
    const revisions = [...all].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, rows]) => listed(rows));
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
    if (!list || clock.now() >= list.issuedAt + REFRESH_AFTER) {
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
    schedule((list?.issuedAt ?? clock.now()) + REFRESH_AFTER);
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
      if (list) schedule(list.issuedAt + REFRESH_AFTER);
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
    list: () => list,
    accepted: () => accepted,
    rules: () => rules,
    uncovered: () => {
      const root = roots.at(-1)?.root;
      if (!root || !list) return [];
      // What a device that enrols now would make of the list.
      const known = { installation, version: 0, hash: null, orders: new Map() };
      const { alarms } = verifyList({ envelope: list.envelope, root, known, now: clock.now() });
      return [...new Set(alarms.map((alarm) => alarm.order))];
    },
    nextList,
  };
}
