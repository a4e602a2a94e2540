/** What the orders module asks of the store and of its neighbours, and the shapes that go through. */
import type { AreaCode } from '../../shared/areas/area-code.ts';
import type { GroundMap } from '../../shared/areas/disputed-policy.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { Envelope, OrderTerms, Receipt } from '../../shared/order/documents.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { DeviceFacts, Observation, OrderRule } from '../../shared/verdict/terms.ts';
import type { PeopleFacts } from './independence.ts';
import type { StoredList } from './order-list.ts';
import type { DecisionRow } from './papers.ts';
import type { Recovered } from './recovering.ts';

export interface OrderRow {
  readonly number: string;
  readonly title: string;
  readonly adoptedRevision: number | null;
  readonly latestRevision: number;
  readonly createdAt: Instant;
}

export interface ApprovalRow {
  readonly person: PersonId;
  readonly keyid: string;
  /** base64 over the DSSE pre-authentication encoding of the payload. */
  readonly signature: string;
  /** The same over the stub, of a revision that has one. */
  readonly stub: string | null;
  readonly approvedAt: Instant;
}

export interface RevisionRow {
  readonly order: string;
  readonly revision: number;
  readonly act: string;
  /** The exact text that approvers sign. */
  readonly payload: string;
  readonly digest: string;
  readonly proposer: PersonId;
  readonly state: 'waiting' | 'adopted' | 'superseded';
  readonly proposedAt: Instant;
  readonly adoptedAt: Instant | null;
  /** The public list that came with its adoption; older ones do not have it. */
  readonly listedIn: number | null;
  /** The oldest first. Of one person there may be several, each with another key. */
  readonly approvals: readonly ApprovalRow[];
}

export interface ExemptionRow {
  readonly device: DeviceId;
  readonly salt: string;
  readonly commitment: string;
  readonly until: Instant | null;
  /** Why, for us alone. */
  readonly reason: string | null;
}

export interface RootRow {
  readonly version: number;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
  readonly state: 'waiting' | 'adopted' | 'superseded';
}

export interface RecordRow {
  readonly version: number;
  readonly envelope: Envelope;
}

/** A receipt as stored. `seq` is derived from its bytes, so that it is stored once whichever way it comes. */
export interface ReceiptRow {
  readonly device: DeviceId;
  readonly generation: number;
  readonly seq: number;
  readonly receipt: Receipt;
  readonly storedAt: Instant;
  readonly envelope: Envelope;
}

/** A revision, and what is kept of it besides its exact text. */
export interface NewRevision {
  readonly revision: Omit<RevisionRow, 'approvals'>;
  readonly title: string;
  readonly exemptions: readonly ExemptionRow[];
  /** SHA-256 of each document that it names. */
  readonly documents: readonly string[];
  /** Null when it commits to none, or to one that is kept already. */
  readonly decision: DecisionRow | null;
}

/** The change of list that goes with an adoption, in one transaction with it. */
export interface ListChange {
  readonly list: StoredList;
  readonly leaf: LeafDraft<'order.list'>;
}

/** Every verb is one transaction, durable when it returns. `conflict`: somebody else was faster; nothing was changed. */
export interface RecoveredChange extends Omit<Recovered, 'list' | 'record'> {
  readonly device: DeviceId;
  readonly at: Instant;
}

export interface OrderStore {
  orders(): Promise<OrderRow[]>;
  order(number: string): Promise<OrderRow | null>;
  /** Oldest first. */
  revisions(number: string): Promise<RevisionRow[]>;
  /** Every revision that was ever adopted of orders that have one, oldest first: the newest counts, others may lie beneath a hold. */
  adoptedRevisions(): Promise<RevisionRow[]>;
  /** Of all orders, in the order of their numbers. */
  waitingRevisions(): Promise<RevisionRow[]>;
  exemptions(number: string, revision: number): Promise<ExemptionRow[]>;
  exemptionsOf(devices: readonly DeviceId[]): Promise<(ExemptionRow & { order: string; revision: number })[]>;
  /**
   * Supersedes what waited. Throws `conflict` unless the order's latest revision is the one before this (for revision 1: no such order), and every
   * document that it names is kept.
   */
  appendRevision(change: NewRevision, leaf: LeafDraft<'order.revision'>): Promise<void>;
  /**
   * Throws `conflict` unless the revision is in `state` and has `counted` approvals, and, when it is adopted by this, is the latest. What the
   * same person signed with an older key stays beside it: under the root of then it goes on counting. Throws `forbidden` when the account of the key is
   * disabled.
   */
  recordApproval(
    change: { order: string; revision: number; state: 'waiting' | 'adopted'; counted: number; approval: ApprovalRow },
    leaf: LeafDraft<'order.approval'>,
    adoption: LeafDraft<'order.adopted'> | null,
    list: ListChange | null,
  ): Promise<void>;
  list(): Promise<StoredList | null>;
  appendList(change: ListChange): Promise<void>;
  /** `active`: the account that registered the key is not disabled. */
  approverKeys(): Promise<ReadonlyMap<string, { person: PersonId; publicKey: string; active: boolean }>>;
  people(): Promise<PeopleFacts>;
  /** Adopted and waiting, oldest first. */
  roots(): Promise<RootRow[]>;
  /** Replaces a waiting root of this version. Throws `conflict` when one was adopted meanwhile. */
  proposeRoot(root: { version: number; payload: string; proposedAt: Instant }): Promise<void>;
  /** Throws `conflict` when the waiting root is not this payload any more. `adoption`: the list is made anew under it. */
  signRoot(
    root: { version: number; payload: string; signatures: RootRow['signatures'] },
    adoption: { leaf: LeafDraft<'approvers.adopted'>; list: ListChange } | null,
  ): Promise<void>;
  /** What a device brought back to a restored store, with its ledger entries, or none of it. */
  recover(change: RecoveredChange): Promise<void>;
  /** After a restore: in years up to `through`, numbers up to `floor` may have been given. */
  numberFloor(): Promise<{ readonly through: number; readonly floor: number } | null>;
  record(device: DeviceId): Promise<RecordRow | null>;
  /** Throws `conflict` unless the stored version is the one before. */
  saveRecord(device: DeviceId, record: RecordRow, issuedAt: Instant): Promise<void>;
}

export interface ReceiptStore {
  /** Grouped; storing the same receipt again changes nothing. */
  storeReceipt(receipt: ReceiptRow): Promise<void>;
  unverifiedReceipts(limit: number): Promise<ReceiptRow[]>;
  /** Looked at: evidence, or not, and then kept and counted nowhere. */
  mark(
    receipts: readonly Pick<ReceiptRow, 'device' | 'generation' | 'seq'>[],
    as: 'evidence' | 'refused',
  ): Promise<void>;
  /** Of these orders, each adopted revision and the public list that it came with. */
  listings(orders: readonly string[]): Promise<Listing[]>;
  /** Verified receipts about one order, newest first. */
  receipts(order: string): Promise<Omit<ReceiptRow, 'envelope'>[]>;
  /** Verified receipts of one device, newest first. */
  receiptsOf(device: DeviceId, limit: number): Promise<Omit<ReceiptRow, 'envelope'>[]>;
  /** Every certificate of every generation of theirs. */
  deviceCertificates(devices: readonly DeviceId[]): Promise<HeldCertificate[]>;
}

export interface Listing {
  readonly order: string;
  readonly revision: number;
  readonly list: number;
}

export interface HeldCertificate {
  readonly device: DeviceId;
  readonly generation: number;
  /** In base64. */
  readonly der: string;
}

/** What a record says of a device, as the devices module knows it. */
export interface DevicePersonalia {
  readonly generation: number;
  readonly home: AreaCode | null;
  readonly seat: AreaCode | null;
  readonly group: { readonly name: string };
  /** A statement of home is in `home` already, while it holds. */
  readonly statement: {
    readonly kind: 'presence' | 'home';
    readonly areas: readonly AreaCode[];
    readonly at: Instant;
    readonly until: Instant;
  } | null;
  /** A legal hold keeps what is on it. */
  readonly underHold: boolean;
}

export interface FleetPort {
  /** Null for a device that does not exist. */
  personalia(device: DeviceId): Promise<DevicePersonalia | null>;
  devicesOf(group: GroupId): Promise<readonly DeviceId[]>;
  /** What an admin must see, about one device. */
  alarm(device: DeviceId, code: string, detail: string): Promise<void>;
}

export type PlaceFacts = Pick<DeviceFacts, 'home' | 'seat' | 'location'>;

export interface PastPlace extends PlaceFacts {
  readonly at: Instant;
  readonly generation: number;
  readonly status: 'active' | 'revoked' | 'unenrolled';
  readonly group: { readonly id: GroupId; readonly name: string };
  readonly homeBy: 'statement' | 'device' | 'group' | null;
  /** What had been observed by then, the newest first. */
  readonly evidence: readonly {
    readonly observation: Observation;
    readonly detail: string;
    /** By which an address was located; null: it is no address, or one whose database was not noted. */
    readonly database: { readonly hash: string; readonly name: string; readonly builtAt: Instant } | null;
    readonly receivedAt: Instant;
  }[];
  /** What was observed before is not kept any more; null: all is. */
  readonly evidenceFrom: Instant | null;
}

export interface JurisdictionPort {
  /** Devices that are not known are left out. */
  facts(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, PlaceFacts>>;
  /** The device as it was. Throws `beyond_retention`, `invalid_input` for a time that has not come, `not_found` for one before its enrolment. */
  past(device: DeviceId, at: Instant): Promise<PastPlace>;
  /** Every device that the rule may reach, by the index of ties. */
  affectedBy(rule: OrderRule): Promise<readonly DeviceId[]>;
}

/** The operator's own groups and polygons. */
export interface AreasPort {
  /** What an order that names these areas has to hold. Throws `unknown_area`. */
  definitionsOf(areas: readonly string[]): Promise<Pick<OrderTerms, 'groups' | 'polygons'>>;
}

/** The operator's policy of disputed ground. */
export interface PolicyPort {
  /** What the policy in force counts to whom. */
  groundMap(): Promise<GroundMap>;
}

/** pino's, as far as it is needed. */
export interface Log {
  warn(fields: object, message: string): void;
}
