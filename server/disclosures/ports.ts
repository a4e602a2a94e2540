/** Ports of the disclosure desk. The store and the composition implement them. */
import type { ProductionLine } from '../../shared/api/disclosures.ts';
import type { RecordType } from '../../shared/disclosure/record-types.ts';
import type { RefusalReason } from '../../shared/disclosure/refusal-reasons.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AuthorityId, CommandId, DeviceId, DisclosureId, PersonId, RefusalId } from '../../shared/protocol/ids.ts';
import type { People } from '../independence/independence.ts';

export interface AuthorityRow {
  readonly id: AuthorityId;
  readonly name: string;
  readonly recipient: string;
  readonly fingerprint: string;
  readonly addedBy: PersonId;
  readonly addedAt: number;
  readonly addedHow: string;
  readonly confirmedBy: PersonId | null;
  readonly confirmedAt: number | null;
  readonly confirmedHow: string | null;
  readonly revokedBy: PersonId | null;
  readonly revokedAt: number | null;
  readonly revokedWhy: string | null;
}

export interface AuthorityConfirmation {
  readonly id: AuthorityId;
  readonly by: PersonId;
  readonly at: number;
  readonly how: string;
}

export interface AuthorityStore {
  authorities(): Promise<AuthorityRow[]>;
  authority(id: AuthorityId): Promise<AuthorityRow | null>;
  addAuthority(row: AuthorityRow): Promise<void>;
  /** Stores the confirmation of an authority. Throws `conflict` unless the authority is unconfirmed. */
  confirmAuthority(confirmation: AuthorityConfirmation, entry: EntryDraft<'authority.pinned'>): Promise<void>;
  /** Revokes an authority. Throws `conflict` if it is already revoked. */
  revokeAuthority(revocation: AuthorityConfirmation, entry: EntryDraft<'authority.revoked'>): Promise<void>;
}

export interface VersionRow {
  readonly disclosure: DisclosureId;
  readonly version: number;
  /** Canonical JSON of the text (`shared/disclosure/documents.ts`). */
  readonly payload: string;
  readonly digest: string;
  readonly draftedBy: PersonId;
  readonly draftedAt: number;
  readonly note: string | null;
}

export interface ApprovalRow {
  readonly disclosure: DisclosureId;
  readonly version: number;
  readonly person: PersonId;
  readonly keyid: string;
  readonly publicKey: string;
  /** Relying party id of a passkey; null for a key in a file or browser. */
  readonly rpId: string | null;
  readonly sig: string;
  readonly at: number;
}

export interface Production {
  readonly at: number;
  readonly by: PersonId;
  readonly sha256: string;
  readonly bytes: number;
  readonly lines: number;
}

export interface DisclosureRow {
  readonly id: DisclosureId;
  readonly state: 'drafted' | 'approved' | 'produced' | 'refused';
  readonly person: PersonId;
  readonly authority: AuthorityId;
  readonly reference: string;
  readonly document: string;
  readonly receivedAt: number;
  /** Number of the newest text. */
  readonly version: number;
  readonly production: Production | null;
  readonly noticeDue: number | null;
  readonly notifiedAt: number | null;
}

/** A request with all its texts (oldest first), approvals and, for a refused request, the refusal. */
export interface DisclosureRecord {
  readonly row: DisclosureRow;
  readonly versions: readonly VersionRow[];
  readonly approvals: readonly ApprovalRow[];
  readonly refusal: RefusalRow | null;
}

export interface RefusalRow {
  readonly id: RefusalId;
  readonly at: number;
  readonly reason: RefusalReason;
  readonly answer: string;
  readonly source: 'request' | 'recorded' | 'decided';
  readonly disclosure: DisclosureId | null;
  readonly authority: string | null;
  readonly reference: string | null;
  readonly receivedOn: string | null;
  readonly note: string | null;
  readonly by: PersonId;
}

/** Sealed production. The plain lines never reach the store. */
export interface SealedProduction {
  readonly disclosure: DisclosureId;
  readonly version: number;
  /** Recipient to whom the file is sealed. The store refuses the production unless the authority still has this verified key. */
  readonly recipient: string;
  readonly sealed: Uint8Array;
  readonly production: Production;
  readonly noticeDue: number;
}

export interface PreviewedPerson {
  readonly person: PersonId;
  readonly at: number;
}

export interface PreviewRow extends PreviewedPerson {
  /** Identifier of the person who saw the records (ADR 33). */
  readonly viewer: string;
}

export interface PagePosition {
  readonly at: number;
  readonly id: string;
}

export interface DisclosureStore {
  /**
   * Stores a drafted request. Throws `disclosure_instrument_used` if another request has the same reference of the authority, or the same
   * document.
   */
  draft(row: DisclosureRow, version: VersionRow, entry: EntryDraft<'disclosure.received'>): Promise<void>;
  /** Adds a text, and returns the request to the state `drafted`. Throws `conflict` if the request has changed since `version - 1`. */
  addVersion(version: VersionRow, entry: EntryDraft<'disclosure.received'>): Promise<void>;
  /** Stores a signature over the newest text. Throws `conflict` if the request has a newer text or another state. */
  approve(approval: ApprovalRow, approved: boolean, entry: EntryDraft<'disclosure.approved'>): Promise<void>;
  /** Stores the sealed production, once. Throws `disclosure_already_produced` or `conflict`. */
  produce(production: SealedProduction, entry: EntryDraft<'disclosure.produced'>): Promise<void>;
  /** Stores a refusal, and closes its request, if it has one. Throws `disclosure_closed` for a produced or refused request. */
  refuse(refusal: RefusalRow, entry: EntryDraft<'disclosure.refused'>): Promise<void>;
  /** People whose records the viewer has seen after `since`, each with the time of the last preview. */
  previewed(viewer: string, since: number): Promise<PreviewedPerson[]>;
  /** Stores a preview with its ledger entry, and deletes all previews that are not after `since`. */
  preview(preview: PreviewRow, since: number, entry: EntryDraft<'disclosure.previewed'>): Promise<void>;
  /** Number of requests in the state `drafted` whose first text is by this person. */
  openDrafts(by: PersonId): Promise<number>;
  find(id: DisclosureId): Promise<DisclosureRecord | null>;
  list(state: DisclosureRow['state'] | null, after: PagePosition | null, limit: number): Promise<DisclosureRecord[]>;
  refusals(after: PagePosition | null, limit: number): Promise<RefusalRow[]>;
  /** The sealed file; null before the production. */
  sealed(id: DisclosureId): Promise<Buffer | null>;
  isInstrumentUsed(authority: AuthorityId, reference: string, document: string): Promise<boolean>;
  isPerson(person: PersonId): Promise<boolean>;
  names(people: readonly PersonId[]): Promise<ReadonlyMap<PersonId, string>>;
  /** Produced requests without a notice that are due at `now`. */
  dueNotices(now: number, limit: number): Promise<DisclosureRecord[]>;
  markNotified(id: DisclosureId, at: number, entry: EntryDraft<'disclosure.notified'>): Promise<void>;
}

/** Window of a request in Unix milliseconds: `from` is included, `to` is not. */
export interface DisclosureRange {
  readonly from: number;
  readonly to: number;
}

export interface PersonRecords {
  /** Records of exactly one person in a window, sorted by record type and time. */
  lines(person: PersonId, records: readonly RecordType[], range: DisclosureRange): Promise<ProductionLine[]>;
}

export interface DocumentsPort {
  /** Stores an uploaded document, encrypted. */
  keep(by: PersonId, mediaType: string, content: Buffer): Promise<StoredDocument>;
  stored(sha256: string): Promise<StoredDocument | null>;
  read(sha256: string): Promise<Buffer>;
}

export interface StoredDocument {
  readonly mediaType: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface SignerKey {
  readonly keyid: string;
  readonly person: PersonId;
  readonly publicKey: string;
  /** Relying party id of a passkey; null for a key in a file or browser. */
  readonly rpId: string | null;
}

export interface LegalPeople {
  /** Registered keys of all people. The holder alone has the private key. */
  keys(): Promise<readonly SignerKey[]>;
  people(): Promise<People>;
  /** People with an active account of the role `legal` for the whole organization. */
  legal(): Promise<ReadonlySet<string>>;
}

export interface NoticePort {
  activeDevices(person: PersonId): Promise<readonly DeviceId[]>;
  /** Sends a message to the device. A repetition with the same id sends nothing. */
  send(id: CommandId, device: DeviceId, text: string): Promise<void>;
  /** True if one of the messages reached its device. */
  isStored(ids: readonly CommandId[]): Promise<boolean>;
}
