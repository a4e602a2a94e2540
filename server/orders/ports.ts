/** Data types of the order modules, and the interfaces that these modules require from the store and other modules. */
import type { HomeArea } from '../../shared/areas/area-code.ts';
import type { TerritoryMap } from '../../shared/areas/territory-policy.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { Envelope, OrderTerms, Receipt } from '../../shared/order/documents.ts';
import type { ProposalEnd } from '../../shared/order/proposal-end.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { DeviceFacts, Observation, OrderRule } from '../../shared/verdict/terms.ts';
import type { PeopleFacts } from '../independence/independence.ts';
import type { StoredList } from './adoption/order-list.ts';
import type { Recovered } from './adoption/recovered-documents.ts';

export interface OrderRow {
  readonly number: string;
  readonly title: string;
  readonly adoptedRevision: number | null;
  /**
   * Highest revision number that is not free: a revision has it, or a restore skipped it. The next revision gets the next number.
   */
  readonly revisionFloor: number;
  readonly createdAt: Instant;
}

export interface ApprovalRow {
  readonly person: PersonId;
  readonly keyid: string;
  /** Approver's signature over the DSSE pre-authentication encoding of the payload, in base64. */
  readonly signature: string;
  /** Approver's signature over the stub (public replacement) of a withheld revision; null for a public revision. */
  readonly stub: string | null;
  /** Approver's signature that confirms that the revision takes effect immediately; null if no confirmation was required. */
  readonly immediate: string | null;
  readonly approvedAt: Instant;
}

export interface RevisionRow {
  readonly order: string;
  readonly revision: number;
  readonly action: string;
  /** Exact text of the revision, which approvers sign. */
  readonly payload: string;
  readonly digest: string;
  readonly proposer: PersonId;
  /**
   * State of an order's revision. `waiting`: approvers can sign the revision. `requested`: another person's proposal of the same order is
   * pending, and the proposer of this revision requests its replacement. A second person must first confirm this request.
   */
  readonly state: 'requested' | 'waiting' | 'adopted' | 'superseded' | ProposalEnd;
  readonly proposedAt: Instant;
  readonly adoptedAt: Instant | null;
  /**
   * Time at which the proposal ended without adoption; null while it is pending. Also null if the proposer replaced it with a newer
   * proposal, because the store records a time only for a replacement that another person confirmed.
   */
  readonly endedAt: Instant | null;
  readonly endedBy: PersonId | null;
  readonly endReason: string | null;
  /** Version of the first order list that contains the revision. Null until enough approvers have signed the revision. */
  readonly listedIn: number | null;
  /** Approvals, oldest first. One person can have several approvals with different keys. */
  readonly approvals: readonly ApprovalRow[];
}

export interface ExemptionRow {
  readonly device: DeviceId;
  readonly salt: string;
  readonly commitment: string;
  readonly until: Instant | null;
  /** Reason for the exemption, which the server never publishes. */
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

/** Receipt of a device. `seq` is derived from the receipt's bytes, so that the store keeps a repeated receipt only once. */
export interface ReceiptRow {
  readonly device: DeviceId;
  readonly generation: number;
  readonly seq: number;
  readonly receipt: Receipt;
  readonly storedAt: Instant;
  readonly envelope: Envelope;
}

export interface UnverifiedReceipt extends Pick<ReceiptRow, 'device' | 'generation' | 'seq' | 'envelope'> {
  readonly receipt: Pick<Receipt, 'kind' | 'listVersion' | 'order' | 'revision'>;
}

/** Data that a device reported in the session in which it sent receipts. Absent fields keep their stored values. */
export interface SessionState {
  readonly epoch: number;
  readonly list?: number;
  readonly record?: number;
  readonly approverSet?: number;
  /** Highest sequence number of the reports to mark as stored. The reports include those with the receipts. */
  readonly reports?: number;
}

/** Receipts of one device. The store writes all of them in one transaction, or none. */
export interface ReceiptBatch {
  readonly receipts: readonly ReceiptRow[];
  /** Session in which the receipts arrived; null if they did not arrive in a session. */
  readonly session: SessionState | null;
}

export interface DecisionRow {
  readonly commitment: string;
  readonly sealed: string;
}

export interface NewRevision {
  readonly revision: Omit<RevisionRow, 'approvals'>;
  readonly title: string;
  readonly exemptions: readonly ExemptionRow[];
  readonly documents: readonly string[];
  /**
   * Decision record (the operator's internal, encrypted reasons for the decision) to store with the revision. Null if there is none, or if
   * an earlier revision has already stored the record.
   */
  readonly decision: DecisionRow | null;
}

/**
 * New order list (the signed public list of all announced and active orders) with its ledger entry. If the adoption of a revision or of an
 * approver set requires the list, one transaction stores the adoption and the list.
 */
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
  /** Relying party id of a passkey; null for a key in a file or browser. */
  readonly rpId: string | null;
  readonly active: boolean;
  readonly name: string;
  readonly email: string;
  readonly verified: boolean;
}

export interface OrderStore {
  orders(): Promise<OrderRow[]>;
  order(number: string): Promise<OrderRow | null>;
  /** Returns the revisions of a given order, oldest first. */
  revisions(number: string): Promise<RevisionRow[]>;
  /**
   * All adopted revisions, oldest first. They include earlier revisions of each order, because a one-person pause is valid only together
   * with the revision that it pauses.
   */
  adoptedRevisions(): Promise<RevisionRow[]>;
  /**
   * Pending revisions that approvers can sign now. Revisions in the state `requested` are not included, because a second person must first
   * confirm that they replace the pending revision.
   */
  waitingRevisions(): Promise<RevisionRow[]>;
  /**
   * Pending revisions, and revisions in the state `requested`, which would replace a pending revision after a second person's confirmation.
   */
  pendingRevisions(): Promise<RevisionRow[]>;
  exemptions(number: string, revision: number): Promise<ExemptionRow[]>;
  exemptionsOf(devices: readonly DeviceId[]): Promise<(ExemptionRow & { order: string; revision: number })[]>;
}

/**
 * Store of proposals. Each method is one transaction, which is durable when the method returns. If a concurrent change happened first, the
 * method throws `conflict` and stores nothing.
 */
export interface ProposalStore {
  /**
   * Adds a revision to an order.
   * - In the state `waiting`, the new revision supersedes the order's earlier pending revision.
   * - In the state `requested`, a second person must first confirm that the new revision replaces the pending revision. Until then, the
   *   new revision supersedes only earlier requests by the same proposer.
   *
   * Throws `conflict` unless the new revision follows the latest stored revision and all its documents exist. For revision 1, the order
   * must not exist.
   */
  appendRevision(change: NewRevision, entry: EntryDraft<'order.revision'>): Promise<void>;
  /**
   * Ends a proposal that is pending or that waits for permission to replace the pending proposal (state `requested`). If no pending
   * proposal of the order remains, the oldest request becomes pending, because it no longer replaces a proposal. Throws `conflict` if the
   * proposal has already ended.
   */
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
  /**
   * Replaces the pending revision of an order with a revision in the state `requested`, because a second person has confirmed the
   * replacement. Throws `conflict` if the new revision is no longer in the state `requested`.
   */
  replacePending(
    change: { order: string; revision: number; at: Instant; by: PersonId },
    entry: EntryDraft<'order.replacement-confirmed'>,
  ): Promise<void>;
  /**
   * Order numbers that lost orders may have, and that the server must not reuse after a restore from a backup: the numbers up to `floor` in
   * every year up to `through`. Null if the server was never restored.
   */
  numberFloor(): Promise<{ readonly through: number; readonly floor: number } | null>;
}

export interface AdoptionStore {
  /**
   * Stores an approval of an order's revision, and the adoption if the revision now has enough approvals. An adoption supersedes the
   * pending proposals of the same order. Signatures with a person's older keys remain stored, because they are valid under older approver
   * sets.
   *
   * Throws `conflict` if the revision no longer has the state `state` and `counted` approvals. Throws `forbidden` if the approver's account
   * is disabled.
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
  /** Stores an order list. Throws `conflict` if the store already has a list of the same version. */
  appendList(change: ListChange): Promise<void>;
  /** Stores the signed documents that a device returned to a restored server, with their ledger entries, in one transaction. */
  recover(change: RecoveredChange): Promise<void>;
}

export interface ApproverStore {
  approverKeys(): Promise<ReadonlyMap<string, RegisteredKey>>;
  people(): Promise<PeopleFacts>;
  approverSets(): Promise<ApproverSetRow[]>;
  /**
   * Stores a pending approver set, which replaces a pending set of the same version. Throws `conflict` if a set of this version is already
   * adopted.
   */
  proposeApproverSet(set: { version: number; payload: string }): Promise<void>;
  /**
   * Stores signatures of the pending approver set. If the signatures complete the set's adoption, `adoption` has the order list that is
   * signed under the new set. Throws `conflict` if the stored pending set has different content.
   */
  signApproverSet(
    set: { version: number; payload: string; signatures: ApproverSetRow['signatures'] },
    adoption: { entry: EntryDraft<'approvers.adopted'>; list: ListChange } | null,
  ): Promise<void>;
}

export interface DeviceRecordStore {
  record(device: DeviceId): Promise<RecordRow | null>;
  /** Version of the device's record; 0 without a record. */
  version(device: DeviceId): Promise<number>;
  /** Stores a new version of a device record. Throws `conflict` if the stored record is not the version directly before it. */
  saveRecord(device: DeviceId, record: RecordRow): Promise<void>;
}

export interface ReceiptStore {
  /** Stores receipts, in one transaction with batches of other devices. Storing a receipt twice changes nothing. */
  storeReceipts(batch: ReceiptBatch): Promise<void>;
  /** The oldest unverified receipts, except those of the devices in `without`. */
  unverifiedReceipts(limit: number, without?: readonly DeviceId[]): Promise<UnverifiedReceipt[]>;
  /** Marks receipts as verified or refused. Refused receipts remain stored, but are never used as evidence. */
  mark(
    receipts: readonly Pick<ReceiptRow, 'device' | 'generation' | 'seq'>[],
    as: 'evidence' | 'refused',
  ): Promise<void>;
  /** Adopted revisions of the given orders, with the version of the first order list that contained each revision. */
  listings(orders: readonly string[]): Promise<Listing[]>;
  receipts(order: string, device: DeviceId): Promise<Omit<ReceiptRow, 'envelope'>[]>;
  receiptsOf(device: DeviceId, limit: number): Promise<Omit<ReceiptRow, 'envelope'>[]>;
  deviceCertificates(devices: readonly DeviceId[]): Promise<DeviceCertificate[]>;
}

export interface Listing {
  readonly order: string;
  readonly revision: number;
  readonly list: number;
}

export interface DeviceCertificate {
  readonly device: DeviceId;
  readonly generation: number;
  readonly der: string;
}

export interface DevicePersonalia {
  readonly generation: number;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly group: { readonly name: string; readonly mailPrograms: boolean };
  /** Location statement about the device's current location. A valid statement about the home area is already part of `home`. */
  readonly statement: {
    readonly kind: 'presence' | 'home';
    readonly areas: readonly HomeArea[];
    readonly at: Instant;
    readonly until: Instant;
  } | null;
  readonly underLegalHold: boolean;
}

export interface FleetPort {
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
  readonly evidence: readonly {
    readonly observation: Observation;
    readonly detail: string;
    readonly database: { readonly hash: string; readonly name: string; readonly builtAt: Instant } | null;
    readonly receivedAt: Instant;
  }[];
  /**
   * Time of the oldest observation in `evidence`, if the server has deleted or omitted older evidence. The device may then have arrived
   * earlier than `evidence` shows. Null if `evidence` is complete.
   */
  readonly evidenceFrom: Instant | null;
}

export interface JurisdictionPort {
  facts(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, LocationFacts>>;
  /**
   * Location of a device at a past time. Throws `beyond_retention` for a time before the stored history, `invalid_input` for a future time,
   * and `not_found` for a time before the device's enrollment.
   */
  past(device: DeviceId, at: Instant): Promise<PastLocation>;
  affectedBy(rule: OrderRule): Promise<readonly DeviceId[]>;
}

export interface AreasPort {
  definitionsOf(areas: readonly string[]): Promise<Pick<OrderTerms, 'groups' | 'polygons'>>;
}

export interface PolicyPort {
  territoryMap(): Promise<TerritoryMap>;
}

export interface Log {
  warn(fields: object, message: string): void;
}
