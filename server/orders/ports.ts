/** Interfaces of the order modules to the store and to other modules, and their data types. */
import type { HomeArea } from '../../shared/areas/area-code.ts';
import type { TerritoryMap } from '../../shared/areas/territory-policy.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { Envelope, OrderTerms, Receipt } from '../../shared/order/documents.ts';
import type { ProposalEnd } from '../../shared/order/proposal-end.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { DeviceFacts, Observation, OrderRule } from '../../shared/verdict/terms.ts';
import type { PeopleFacts } from './adoption/independence.ts';
import type { StoredList } from './adoption/order-list.ts';
import type { Recovered } from './adoption/recovered-documents.ts';

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
  /** base64 of the signature over the DSSE pre-authentication encoding of the payload. */
  readonly signature: string;
  /** Signature over the stub of a withheld revision. */
  readonly stub: string | null;
  /** Signature over the statement that the revision takes effect immediately, if the approver had to confirm this. */
  readonly immediate: string | null;
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
  /** `requested`: another proposal is pending, and a second person must confirm its replacement by this one. */
  readonly state: 'requested' | 'waiting' | 'adopted' | 'superseded' | ProposalEnd;
  readonly proposedAt: Instant;
  readonly adoptedAt: Instant | null;
  /** Time and person of an end without adoption; null for a superseded proposal. */
  readonly endedAt: Instant | null;
  readonly endedBy: PersonId | null;
  readonly endReason: string | null;
  /** Version of the first list that contains the revision; null before its adoption. */
  readonly listedIn: number | null;
  /** Approvals, oldest first. One person can have several approvals with different keys. */
  readonly approvals: readonly ApprovalRow[];
}

export interface ExemptionRow {
  readonly device: DeviceId;
  readonly salt: string;
  readonly commitment: string;
  readonly until: Instant | null;
  /** The operator keeps the reason private. */
  readonly reason: string | null;
}

export interface ApproverSetRow {
  readonly version: number;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
  readonly state: 'waiting' | 'adopted' | 'superseded';
}

export interface RecordRow {
  readonly version: number;
  readonly envelope: Envelope;
}

/** A stored receipt. `seq` is derived from its bytes, so that a repeated receipt is stored once. */
export interface ReceiptRow {
  readonly device: DeviceId;
  readonly generation: number;
  readonly seq: number;
  readonly receipt: Receipt;
  readonly storedAt: Instant;
  readonly envelope: Envelope;
}

export interface DecisionRow {
  readonly commitment: string;
  readonly sealed: string;
}

export interface NewRevision {
  readonly revision: Omit<RevisionRow, 'approvals'>;
  readonly title: string;
  readonly exemptions: readonly ExemptionRow[];
  /** SHA-256 of each document that the revision names. */
  readonly documents: readonly string[];
  /** Null if the revision commits to no decision record, or to a stored one. */
  readonly decision: DecisionRow | null;
}

/** The list after an adoption, stored in the same transaction. */
export interface ListChange {
  readonly list: StoredList;
  readonly entry: EntryDraft<'order.list'>;
}

export interface RecoveredChange extends Omit<Recovered, 'list' | 'record'> {
  readonly device: DeviceId;
  readonly at: Instant;
}

export interface RegisteredKey {
  readonly person: PersonId;
  readonly publicKey: string;
  /** False if the account is disabled. */
  readonly active: boolean;
  readonly name: string;
  readonly email: string;
  /** True if the account holder verified the address. */
  readonly verified: boolean;
}

export interface OrderStore {
  orders(): Promise<OrderRow[]>;
  order(number: string): Promise<OrderRow | null>;
  /** Revisions of the order, oldest first. */
  revisions(number: string): Promise<RevisionRow[]>;
  /** All adopted revisions, oldest first. The newest one is current, but a pause is valid only with the previous one. */
  adoptedRevisions(): Promise<RevisionRow[]>;
  /** Pending revisions of all orders, sorted by order number. */
  waitingRevisions(): Promise<RevisionRow[]>;
  /** Pending revisions, and revisions with a request to replace them. */
  pendingRevisions(): Promise<RevisionRow[]>;
  exemptions(number: string, revision: number): Promise<ExemptionRow[]>;
  exemptionsOf(devices: readonly DeviceId[]): Promise<(ExemptionRow & { order: string; revision: number })[]>;
}

/** Each method is one transaction, durable when it returns. Throws `conflict` if another change was faster, and then stores nothing. */
export interface ProposalStore {
  /**
   * A pending revision supersedes the previous pending one. A requested one supersedes earlier requests of its proposer. Throws `conflict`
   * unless the order's latest revision is the previous one (for revision 1: the order does not exist) and the store has every named
   * document.
   */
  appendRevision(change: NewRevision, entry: EntryDraft<'order.revision'>): Promise<void>;
  /** Ends a pending proposal, after which the oldest request becomes pending. Throws `conflict` unless the proposal is still pending. */
  endProposal(
    end: {
      order: string;
      revision: number;
      state: ProposalEnd;
      at: Instant;
      by: PersonId | null;
      reason: string | null;
    },
    entry: EntryDraft<'order.proposal-ended'>,
  ): Promise<void>;
  /** Replaces the pending revision with a requested one. Throws `conflict` unless the latter is still requested. */
  replacePending(
    change: { order: string; revision: number; at: Instant; by: PersonId },
    entry: EntryDraft<'order.replacement-confirmed'>,
  ): Promise<void>;
  /**
   * Order numbers that a lost revision may have used before a restore: those up to `floor`, in years up to `through`. Null without a
   * restore.
   */
  numberFloor(): Promise<{ readonly through: number; readonly floor: number } | null>;
}

export interface AdoptionStore {
  /**
   * Throws `conflict` unless the revision is still in `state` and has `counted` approvals. Its adoption supersedes other pending proposals.
   * Signatures of the same person with older keys remain: they count under the approver set of their time. Throws `forbidden` if the key's
   * account is disabled.
   */
  recordApproval(
    change: {
      order: string;
      revision: number;
      state: 'requested' | 'waiting' | 'adopted';
      counted: number;
      approval: ApprovalRow;
    },
    entry: EntryDraft<'order.approval'>,
    adoption: EntryDraft<'order.adopted'> | null,
    list: ListChange | null,
  ): Promise<void>;
  list(): Promise<StoredList | null>;
  /** Throws `conflict` if the store has a list of this version. */
  appendList(change: ListChange): Promise<void>;
  /** Stores the documents that a device returned to a restored server, with their ledger entries, in one transaction. */
  recover(change: RecoveredChange): Promise<void>;
}

export interface ApproverStore {
  approverKeys(): Promise<ReadonlyMap<string, RegisteredKey>>;
  people(): Promise<PeopleFacts>;
  /** Adopted and pending sets, oldest first. */
  approverSets(): Promise<ApproverSetRow[]>;
  /** Replaces a pending set of the same version. Throws `conflict` if a set was adopted meanwhile. */
  proposeApproverSet(set: { version: number; payload: string }): Promise<void>;
  /** Throws `conflict` if the pending set has another payload. `adoption`: the new list under this set. */
  signApproverSet(
    set: { version: number; payload: string; signatures: ApproverSetRow['signatures'] },
    adoption: { entry: EntryDraft<'approvers.adopted'>; list: ListChange } | null,
  ): Promise<void>;
}

export interface DeviceRecordStore {
  record(device: DeviceId): Promise<RecordRow | null>;
  /** Throws `conflict` unless the stored record has the previous version. */
  saveRecord(device: DeviceId, record: RecordRow): Promise<void>;
}

export interface ReceiptStore {
  /** Stores a receipt in a grouped write. A receipt that is already stored changes nothing. */
  storeReceipt(receipt: ReceiptRow): Promise<void>;
  unverifiedReceipts(limit: number): Promise<ReceiptRow[]>;
  /** Marks receipts as verified or refused. A refused receipt remains stored and never counts. */
  mark(
    receipts: readonly Pick<ReceiptRow, 'device' | 'generation' | 'seq'>[],
    as: 'evidence' | 'refused',
  ): Promise<void>;
  /** Adopted revisions of these orders, each with its first public list. */
  listings(orders: readonly string[]): Promise<Listing[]>;
  /** Verified receipts about the order, newest first. */
  receipts(order: string): Promise<Omit<ReceiptRow, 'envelope'>[]>;
  /** Verified receipts of the device, newest first. */
  receiptsOf(device: DeviceId, limit: number): Promise<Omit<ReceiptRow, 'envelope'>[]>;
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
  /** The certificate's DER bytes in base64. */
  readonly der: string;
}

export interface DevicePersonalia {
  readonly generation: number;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly group: { readonly name: string };
  /** Statement about presence. A valid statement about the home is already part of `home`. */
  readonly statement: {
    readonly kind: 'presence' | 'home';
    readonly areas: readonly HomeArea[];
    readonly at: Instant;
    readonly until: Instant;
  } | null;
  /** True for a legal hold, which stops every wipe of the device. */
  readonly underLegalHold: boolean;
}

export interface FleetPort {
  /** Null for an unknown device. */
  personalia(device: DeviceId): Promise<DevicePersonalia | null>;
  devicesOf(group: GroupId): Promise<readonly DeviceId[]>;
  alert(device: DeviceId, code: string, detail: string): Promise<void>;
}

export type LocationFacts = Pick<DeviceFacts, 'home' | 'seat' | 'location'>;

export interface PastLocation extends LocationFacts {
  readonly at: Instant;
  readonly generation: number;
  readonly status: 'active' | 'revoked' | 'unenrolled';
  readonly group: { readonly id: GroupId; readonly name: string };
  readonly homeBy: 'statement' | 'device' | 'group' | null;
  /** Observations up to the given time, newest first. */
  readonly evidence: readonly {
    readonly observation: Observation;
    readonly detail: string;
    /** The IP database that located the address; null if none did. */
    readonly database: { readonly hash: string; readonly name: string; readonly builtAt: Instant } | null;
    readonly receivedAt: Instant;
  }[];
  /** Time before which observations are deleted; null if none are. */
  readonly evidenceFrom: Instant | null;
}

export interface JurisdictionPort {
  /** Facts by device. Unknown devices are absent. */
  facts(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, LocationFacts>>;
  /**
   * Facts about the device at a past time. Throws `beyond_retention`, `invalid_input` for a future time, and `not_found` for a time before
   * its enrollment.
   */
  past(device: DeviceId, at: Instant): Promise<PastLocation>;
  affectedBy(rule: OrderRule): Promise<readonly DeviceId[]>;
}

export interface AreasPort {
  /** Definitions of the groups and polygons among these areas. Throws `unknown_area`. */
  definitionsOf(areas: readonly string[]): Promise<Pick<OrderTerms, 'groups' | 'polygons'>>;
}

export interface PolicyPort {
  territoryMap(): Promise<TerritoryMap>;
}

export interface Log {
  warn(fields: object, message: string): void;
}
