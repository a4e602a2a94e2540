/** The ports of backup and restore, and the shapes that go through them. */
import type { Revoked } from '../../certs/certificate.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { RestorationState } from './state.ts';

/** A value of a table's column, the same on SQLite and PostgreSQL. */
export type Value = string | number | null | Buffer;

/** Consecutive rows of one table. */
export interface TableRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

/** What the manifest says about the store, read in the same snapshot as the rows. */
export interface StoreFacts {
  readonly dialect: 'sqlite' | 'postgres';
  /** The names of the migrations that were applied, in order. */
  readonly migrations: readonly string[];
  readonly installation: string;
  readonly ledger: { readonly size: number; readonly checkpoint: string | null };
  /** 0 when there is none yet. */
  readonly versions: { readonly list: number; readonly crl: number; readonly approvers: number };
}

export interface SnapshotReader {
  readonly facts: StoreFacts;
  /** Every table, referenced tables first, in bounded groups of rows. */
  tables(): AsyncIterable<TableRows>;
}

export interface SnapshotStore {
  /** Calls `read` with a consistent snapshot of the whole store. Other work continues and does not change the snapshot. */
  snapshot<T>(read: (reader: SnapshotReader) => Promise<T>): Promise<T>;
}

/** A ledger entry as it was published, without what opens its commitment. */
export interface PublishedLeaf {
  readonly index: number;
  readonly kind: string;
  readonly at: number;
  readonly body: string;
  /** RFC 9162 leaf hash of the body, hex. */
  readonly hash: string;
}

export interface LostCertificate {
  readonly serial: string;
  readonly fingerprint: string | null;
  readonly notAfter: number | null;
}

export interface RevokedSince {
  readonly serial: string;
  /** Real milliseconds. */
  readonly at: number;
  /** RFC 5280, section 5.3.1. */
  readonly reason: number;
  /** As the ledger published them; null when only a revocation list names the certificate. */
  readonly fingerprint: string | null;
  readonly notAfter: number | null;
}

/** What a restore removes because it may have been used, ended or replaced since the recovery point. Counts for the report. */
export interface Withdrawn {
  readonly sessions: number;
  readonly tokens: number;
  readonly invitations: number;
  readonly codes: number;
  readonly commands: number;
  readonly proposals: number;
}

export interface SignedList {
  readonly version: number;
  readonly envelope: Envelope;
  /** SHA-256 of the payload. */
  readonly hash: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface SignedCrl {
  readonly number: number;
  readonly der: Buffer;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** How many certificates it names. */
  readonly entries: number;
}

/** The steps of a restore that change the restored store, inside one transaction. */
export interface RestoreWork {
  /** Sequenced ledger entries from `from`, in order. */
  leaves(from: number, limit: number): Promise<readonly { readonly body: string; readonly hash: string }[]>;
  /** Committed entries without an index, oldest first. */
  waiting(): Promise<readonly { readonly id: number; readonly hash: string }[]>;
  /** Gives a waiting entry the index under which it was published. */
  place(id: number, index: number): Promise<void>;
  addPublished(
    leaves: readonly PublishedLeaf[],
    hashes: readonly { readonly level: number; readonly position: number; readonly hash: string }[],
  ): Promise<void>;
  addCheckpoint(size: number, note: string, at: number): Promise<void>;
  append(leaf: LeafDraft): Promise<void>;

  /**
   * `known`: the store has the certificate and it was not revoked before. Ends the device unless the reason is `superseded`. `leafOf`: null when the
   * ledger has the entry already.
   */
  revoke(
    revoked: RevokedSince,
    leafOf: ((serial: string) => LeafDraft<'certificate.revoked'>) | null,
  ): Promise<'known' | 'unknown' | 'already'>;
  /** Remembers certificates that the ledger published and the store lacks. Returns how many those are. */
  expect(certificates: readonly LostCertificate[]): Promise<number>;

  withdraw(now: number, realNow: number): Promise<Withdrawn>;
  /** Raises the number of each order's next revision, and the number of the next order. */
  raiseOrderNumbers(by: number, year: number): Promise<void>;

  newestList(): Promise<SignedList | null>;
  addList(list: SignedList, leaf: LeafDraft<'order.list'>): Promise<void>;
  newestCrl(): Promise<number>;
  revokedNow(endsAfter: number): Promise<Revoked[]>;
  addCrl(crl: SignedCrl, leaf: LeafDraft<'crl.issued'>): Promise<void>;
  /** Records of devices after `after`, by id. */
  records(after: string, limit: number): Promise<readonly { readonly device: string; readonly envelope: Envelope }[]>;
  saveRecords(
    records: readonly { readonly device: string; readonly version: number; readonly envelope: Envelope }[],
    at: number,
  ): Promise<void>;
  keep(state: RestorationState): Promise<void>;
}
