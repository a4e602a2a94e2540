/**
 * The signed documents that this device holds, verified: what may enter, and what it takes with it. Nothing is decided here about
 * service. Each `accept…` either stores durably and says that something changed, or throws and has changed nothing.
 */
import { CordonError } from '../../shared/errors.ts';
import { type Root, readRoot, verifyRoots } from '../../shared/order/approvers.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import {
  type DeviceRecord,
  deviceRecordSchema,
  type Envelope,
  type OrderList,
  orderListSchema,
  PAYLOAD_TYPES,
} from '../../shared/order/documents.ts';
import { payloadOf, signedBy } from '../../shared/order/dsse.ts';
import {
  type AcceptedRevision,
  type ListAlarm,
  lackingIn,
  readAccepted,
  verifyList,
} from '../../shared/order/verify-list.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { EnforcementStore } from './enforcement-store.ts';

export interface HeldIdentity {
  readonly device: string;
  readonly installation: string;
  readonly generation: () => number;
}

export interface HeldList {
  readonly version: number;
  readonly hash: string;
  readonly issued: Instant;
  readonly expires: Instant;
}

export interface AcceptedList {
  readonly list: HeldList;
  /** What holds from now on. */
  readonly orders: ReadonlyMap<string, AcceptedRevision>;
  readonly alarms: readonly ListAlarm[];
}

export interface HeldDocuments {
  readonly root: Root | null;
  readonly list: HeldList | null;
  readonly record: DeviceRecord | null;
  readonly orders: ReadonlyMap<string, AcceptedRevision>;
  acceptRoots(envelopes: readonly Envelope[]): boolean;
  /** The stored list names a revision that is kept from the public and is not here: it has to be asked for. */
  readonly lacking: boolean;
  /** Whether that would be so of this list, which nobody has verified yet. */
  lacks(envelope: Envelope): boolean;
  /**
   * Null when this very list is held already, and `withheld` brings nothing that it lacked. `withheld`: the revisions behind its stubs. `also` runs in
   * the transaction that stores it.
   */
  acceptList(
    envelope: Envelope,
    withheld: readonly Envelope[],
    now: Instant,
    also?: (accepted: AcceptedList) => void,
  ): AcceptedList | null;
  /** False when this very record is held already. `also` runs in the transaction that stores it. */
  acceptRecord(envelope: Envelope, also?: (record: DeviceRecord) => void): boolean;
}

export function openHeldDocuments(store: EnforcementStore, identity: HeldIdentity): HeldDocuments {
  // What stands in the store was verified before it got there.
  const roots = store.roots().map(({ envelope }) => readRoot(envelope));
  let orders: ReadonlyMap<string, AcceptedRevision> = new Map(
    store.orders().map(({ order, envelope }) => [order, readAccepted(envelope, roots)] as const),
  );
  const storedList = store.list();
  let list = storedList ? readHeld(storedList.envelope) : null;
  const storedRecord = store.record();
  let record = storedRecord ? readRecord(storedRecord.envelope) : null;

  const needRoot = (): Root => {
    const root = roots.at(-1);
    if (!root) throw new CordonError('approvers_required', 'This device has pinned no root of approvers yet.');
    return root;
  };

  return {
    get root() {
      return roots.at(-1) ?? null;
    },
    get list() {
      return list;
    },
    get record() {
      return record;
    },
    get orders() {
      return orders;
    },

    acceptRoots(envelopes) {
      const before = roots.at(-1) ?? null;
      const newest = verifyRoots(before, envelopes);
      if (newest.approvers.installation !== identity.installation) {
        throw new CordonError('list_other_installation', `The root is of ${newest.approvers.installation}.`);
      }
      const fresh = envelopes
        .map((envelope) => ({ envelope, root: readRoot(envelope) }))
        .filter(({ root }) => root.approvers.version > (before?.approvers.version ?? 0));
      store.transaction(() => {
        for (const { root, envelope } of fresh) store.addRoot({ version: root.approvers.version, envelope });
      });
      roots.push(...fresh.map(({ root }) => root));
      return fresh.length > 0;
    },

    get lacking() {
      const stored = store.list();
      return stored !== null && lackingIn(readList(stored.envelope), orders).length > 0;
    },

    lacks: (envelope) => lackingIn(readList(envelope), orders).length > 0,

    acceptList(envelope, withheld, now, also) {
      const verified = verifyList({
        envelope,
        withheld,
        root: needRoot(),
        known: { installation: identity.installation, version: list?.version ?? 0, hash: list?.hash ?? null, orders },
        now,
      });
      const brought = [...verified.orders].some(([order, revision]) => revision !== orders.get(order));
      if (verified.list.version === list?.version && !brought) return null;
      const next = heldOf(verified.list, verified.hash);
      const accepted = { list: next, orders: verified.orders, alarms: verified.alarms };
      store.transaction(() => {
        for (const [order, revision] of verified.orders) {
          if (revision !== orders.get(order)) {
            store.saveOrder(order, { version: revision.revision.revision, envelope: revision.envelope });
          }
        }
        store.saveList({ version: next.version, envelope });
        also?.(accepted);
      });
      orders = verified.orders;
      list = next;
      return accepted;
    },

    acceptRecord(envelope, also) {
      if (signedBy(envelope, needRoot().onlineKeys).size === 0) {
        throw new CordonError(
          'signature_invalid',
          'The device record is not signed by an online key that the root names.',
        );
      }
      const next = readRecord(envelope);
      if (next.installation !== identity.installation || next.device !== identity.device) {
        throw new CordonError('list_other_installation', `The record is of ${next.device} at ${next.installation}.`);
      }
      if (next.generation !== identity.generation()) {
        throw new CordonError('document_malformed', `The record is for generation ${next.generation} of this device.`);
      }
      if (record && next.version <= record.version) {
        if (next.version === record.version && sameBytes(envelope, store.record()?.envelope)) return false;
        const code = next.version === record.version ? 'list_forked' : 'list_older';
        throw new CordonError(
          code,
          `Record ${next.version} does not follow record ${record.version}, which is stored.`,
        );
      }
      store.transaction(() => {
        store.saveRecord({ version: next.version, envelope });
        also?.(next);
      });
      record = next;
      return true;
    },
  };
}

const readList = (envelope: Envelope): OrderList =>
  parseDocument(orderListSchema, payloadOf(envelope, PAYLOAD_TYPES.list));

function readHeld(envelope: Envelope): HeldList {
  const payload = payloadOf(envelope, PAYLOAD_TYPES.list);
  return heldOf(parseDocument(orderListSchema, payload), sha256(payload));
}

const heldOf = (list: { version: number; issuedAt: string; expiresAt: string }, hash: string): HeldList => ({
  version: list.version,
  hash,
  issued: Date.parse(list.issuedAt),
  expires: Date.parse(list.expiresAt),
});

const readRecord = (envelope: Envelope): DeviceRecord =>
  parseDocument(deviceRecordSchema, payloadOf(envelope, PAYLOAD_TYPES.record));

const sameBytes = (one: Envelope, other: Envelope | undefined): boolean => one.payload === other?.payload;
