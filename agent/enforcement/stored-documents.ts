import { CordonError } from '../../shared/errors.ts';
import { type ApproverSet, readApproverSet, verifyApproverSets } from '../../shared/order/approvers.ts';
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
  type ListAlert,
  missingRevisions,
  readAccepted,
  verifyList,
} from '../../shared/order/verify-list.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { DocumentStore, Transactions } from './enforcement-store.ts';

export interface DeviceIdentity {
  readonly device: string;
  readonly installation: string;
  readonly generation: () => number;
}

export interface StoredList {
  readonly version: number;
  readonly hash: string;
  readonly issued: Instant;
  readonly expires: Instant;
}

export interface AcceptedList {
  readonly list: StoredList;
  readonly orders: ReadonlyMap<string, AcceptedRevision>;
  readonly alerts: readonly ListAlert[];
}

/** Verified signed documents of this device. Each `accept…` method either stores a document, or throws and changes nothing. */
export interface StoredDocuments {
  readonly approverSet: ApproverSet | null;
  readonly list: StoredList | null;
  readonly record: DeviceRecord | null;
  readonly orders: ReadonlyMap<string, AcceptedRevision>;
  acceptApproverSets(envelopes: readonly Envelope[]): boolean;
  readonly lacking: boolean;
  lacks(envelope: Envelope): boolean;
  /**
   * Stores an order list. Returns null if the device already has the list and all of its withheld revisions. `withheld`: the text of
   * withheld revisions, for which the list contains only placeholders. `also` runs in the transaction that stores the list.
   */
  acceptList(
    envelope: Envelope,
    withheld: readonly Envelope[],
    now: Instant,
    also?: (accepted: AcceptedList) => void,
  ): AcceptedList | null;
  /**
   * Stores the device record. Returns false if this version of the record is stored already. `also` runs in the transaction that stores the
   * record.
   */
  acceptRecord(envelope: Envelope, also?: (record: DeviceRecord) => void): boolean;
}

export const openStoredDocuments = (store: Store, identity: DeviceIdentity): StoredDocuments =>
  new VerifiedDocuments(store, identity);

type Store = DocumentStore & Pick<Transactions, 'reserved'>;

/** Only verified documents are stored, so the constructor does not verify signatures again. */
class VerifiedDocuments implements StoredDocuments {
  readonly #store: Store;
  readonly #identity: DeviceIdentity;
  readonly #approverSets: ApproverSet[];
  orders: ReadonlyMap<string, AcceptedRevision>;
  list: StoredList | null;
  record: DeviceRecord | null;

  constructor(store: Store, identity: DeviceIdentity) {
    this.#store = store;
    this.#identity = identity;
    this.#approverSets = store.approverSets().map(({ envelope }) => readApproverSet(envelope));
    this.orders = new Map(
      store.orders().map(({ order, envelope }) => [order, readAccepted(envelope, this.#approverSets)]),
    );
    const [list, record] = [store.list(), store.record()];
    this.list = list && readStoredList(list.envelope);
    this.record = record && readRecord(record.envelope);
  }

  get approverSet(): ApproverSet | null {
    return this.#approverSets.at(-1) ?? null;
  }

  get lacking(): boolean {
    const stored = this.#store.list();
    return stored !== null && this.lacks(stored.envelope);
  }

  lacks(envelope: Envelope): boolean {
    return missingRevisions(readList(envelope), this.orders).length > 0;
  }

  acceptApproverSets(envelopes: readonly Envelope[]): boolean {
    const { approverSet: before } = this;
    const newest = verifyApproverSets(before, envelopes);
    if (newest.approvers.installation !== this.#identity.installation) {
      throw new CordonError('list_other_installation', `The approver set belongs to ${newest.approvers.installation}.`);
    }
    const fresh = envelopes
      .map((envelope) => ({ envelope, approverSet: readApproverSet(envelope) }))
      .filter(({ approverSet }) => approverSet.approvers.version > (before?.approvers.version ?? 0));
    this.#store.reserved(() => {
      for (const { approverSet, envelope } of fresh)
        this.#store.addApproverSet({ version: approverSet.approvers.version, envelope });
    });
    this.#approverSets.push(...fresh.map(({ approverSet }) => approverSet));
    return fresh.length > 0;
  }

  acceptList(
    envelope: Envelope,
    withheld: readonly Envelope[],
    now: Instant,
    also?: (accepted: AcceptedList) => void,
  ): AcceptedList | null {
    const { list, orders } = this;
    const verified = verifyList({
      envelope,
      withheld,
      approverSet: this.#requireApproverSet(),
      known: {
        installation: this.#identity.installation,
        orders,
        version: list?.version ?? 0,
        hash: list?.hash ?? null,
      },
      now,
    });
    const newRevisions = [...verified.orders].filter(([order, revision]) => revision !== orders.get(order));
    if (verified.list.version === list?.version && newRevisions.length === 0) return null;
    const next = storedListOf(verified.list, verified.hash);
    const accepted = { list: next, orders: verified.orders, alerts: verified.alerts };
    this.#store.reserved(() => {
      for (const [order, { revision, envelope }] of newRevisions) {
        this.#store.saveOrder(order, { version: revision.revision, envelope });
      }
      this.#store.saveList({ version: next.version, envelope });
      also?.(accepted);
    });
    this.orders = verified.orders;
    this.list = next;
    return accepted;
  }

  acceptRecord(envelope: Envelope, also?: (record: DeviceRecord) => void): boolean {
    if (signedBy(envelope, this.#requireApproverSet().onlineKeys).size === 0) {
      throw new CordonError(
        'signature_invalid',
        'The device record is not signed by an online key of the approver set.',
      );
    }
    const { record } = this;
    const next = readRecord(envelope);
    requireOwnRecord(next, this.#identity);
    if (record && next.version <= record.version) {
      if (next.version === record.version && sameBytes(envelope, this.#store.record()?.envelope)) return false;
      const code = next.version === record.version ? 'list_forked' : 'list_older';
      throw new CordonError(code, `Record ${next.version} does not follow the stored record ${record.version}.`);
    }
    this.#store.reserved(() => {
      this.#store.saveRecord({ version: next.version, envelope });
      also?.(next);
    });
    this.record = next;
    return true;
  }

  #requireApproverSet(): ApproverSet {
    if (this.approverSet) return this.approverSet;
    throw new CordonError('approvers_required', 'This device has no approver set yet.');
  }
}

function requireOwnRecord(next: DeviceRecord, identity: DeviceIdentity): void {
  if (next.installation !== identity.installation || next.device !== identity.device) {
    throw new CordonError('list_other_installation', `The record belongs to ${next.device} at ${next.installation}.`);
  }
  if (next.generation !== identity.generation()) {
    throw new CordonError('document_malformed', `The record is for generation ${next.generation} of this device.`);
  }
}

const readList = (envelope: Envelope): OrderList =>
  parseDocument(orderListSchema, payloadOf(envelope, PAYLOAD_TYPES.list));

function readStoredList(envelope: Envelope): StoredList {
  const payload = payloadOf(envelope, PAYLOAD_TYPES.list);
  return storedListOf(parseDocument(orderListSchema, payload), sha256(payload));
}

const storedListOf = (list: { version: number; issuedAt: string; expiresAt: string }, hash: string): StoredList => ({
  version: list.version,
  hash,
  issued: Date.parse(list.issuedAt),
  expires: Date.parse(list.expiresAt),
});

const readRecord = (envelope: Envelope): DeviceRecord =>
  parseDocument(deviceRecordSchema, payloadOf(envelope, PAYLOAD_TYPES.record));

const sameBytes = (one: Envelope, other: Envelope | undefined): boolean => one.payload === other?.payload;
