/** Ports of the disclosure desk. The store and the composition implement them. */
import type { ProductionLine } from '../../shared/api/disclosures.ts';
import type { RecordType } from '../../shared/disclosure/record-types.ts';
import type { RefusalReason } from '../../shared/disclosure/refusal-reasons.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AuthorityId, DisclosureId, PersonId, RefusalId } from '../../shared/protocol/ids.ts';

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

export interface AuthorityStore {
  authorities(): Promise<AuthorityRow[]>;
  authority(id: AuthorityId): Promise<AuthorityRow | null>;
  addAuthority(row: AuthorityRow): Promise<void>;
  /** Throws `conflict` if the authority is no longer unconfirmed. */
  confirmAuthority(
    row: Pick<AuthorityRow, 'id' | 'fingerprint' | 'confirmedBy' | 'confirmedAt' | 'confirmedHow'>,
    entry: EntryDraft<'authority.pinned'>,
  ): Promise<void>;
  /** Throws `conflict` if the authority is already revoked. */
  revokeAuthority(
    row: Pick<AuthorityRow, 'id' | 'revokedBy' | 'revokedAt' | 'revokedWhy'>,
    entry: EntryDraft<'authority.revoked'>,
  ): Promise<void>;
}

export interface VersionRow {
  readonly disclosure: DisclosureId;
  readonly version: number;
  readonly payload: string;
  readonly digest: string;
  readonly draftedBy: PersonId;
  readonly draftedAt: number;
  readonly note: string | null;
}

export interface ApprovalRow {
  readonly disclosure: DisclosureId;
  readonly version: number;
  readonly digest: string;
  readonly person: PersonId;
  readonly keyid: string;
  readonly sig: string;
  readonly at: number;
}

export interface DisclosureRow {
  readonly id: DisclosureId;
  readonly state: 'drafted' | 'approved' | 'produced' | 'refused';
  readonly person: PersonId;
  readonly authority: AuthorityId;
  readonly receivedAt: number;
  readonly version: number;
  readonly produced: {
    readonly at: number;
    readonly by: PersonId;
    readonly sha256: string;
    readonly bytes: number;
    readonly lines: number;
  } | null;
  readonly noticeDue: number | null;
  readonly noticeSentAt: number | null;
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
  readonly sealed: Uint8Array;
  readonly sha256: string;
  readonly lines: number;
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
