import type { Revoked } from '../../certs/certificate.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { ContinuationRow } from './continuations.ts';
import type { RecoveryState } from './recovery-state.ts';

export type Value = string | number | null | Buffer;

export interface TableRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

export interface StoreFacts {
  readonly dialect: 'sqlite' | 'postgres';
  /** Names of the applied migrations, in order. */
  readonly migrations: readonly string[];
  readonly installation: string;
  readonly ledger: { readonly size: number; readonly checkpoint: string | null };
  /** Versions of the newest order list, revocation list (CRL) and approver set in the store; 0 for a document that does not exist. */
  readonly versions: { readonly list: number; readonly crl: number; readonly approvers: number };
}

export interface SnapshotReader {
  readonly facts: StoreFacts;
  /** All tables in bounded groups of rows. Referenced tables come first. */
  tables(): AsyncIterable<TableRows>;
}

export interface SnapshotStore {
  /** Calls `read` with a consistent snapshot of the whole store. Writes continue and do not change the snapshot. */
  snapshot<T>(read: (reader: SnapshotReader) => Promise<T>): Promise<T>;
}

/**
 * Ledger entry that was published after the backup, read from a copy of the public ledger. The copy has neither the salt nor the subject of
 * the entry's commitment (salted hash), because both are not public.
 */
export interface PublishedEntry {
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
  /** Time of the revocation in milliseconds, by the machine's clock. */
  readonly at: number;
  /** Revocation reason (RFC 5280, section 5.3.1). */
  readonly reason: number;
  /** Fingerprint of the certificate from the ledger; null if only a revocation list names the certificate. */
  readonly fingerprint: string | null;
  readonly notAfter: number | null;
}

/** Numbers of sessions, tokens and other rows that a restore ended, because they may have been used or canceled after the backup. */
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
  readonly hash: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface SignedCrl {
  readonly number: number;
  readonly der: Buffer;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: number;
}

export interface LedgerRestore {
  entries(from: number, limit: number): Promise<readonly { readonly body: string; readonly hash: string }[]>;
  /** Ledger entries that were stored but not yet numbered when the backup was made, oldest first. */
  waiting(): Promise<readonly { readonly id: number; readonly hash: string }[]>;
  setIndex(id: number, index: number): Promise<void>;
  addPublished(
    entries: readonly PublishedEntry[],
    hashes: readonly { readonly level: number; readonly position: number; readonly hash: string }[],
  ): Promise<void>;
  addCheckpoint(size: number, note: string, at: number): Promise<void>;
  append(entry: EntryDraft): Promise<void>;
  /**
   * Stores a continuation (decision by which a ledger that lost entries goes on under a new name). Does nothing if the store already has
   * the continuation.
   */
  addContinuation(row: ContinuationRow): Promise<void>;
}

/**
 * Store operations for the documents that the server signs: order list, revocation list and device records. A restore signs them again with
 * higher versions, because devices refuse documents that are older than their own.
 */
export interface DocumentRestore {
  newestList(): Promise<SignedList | null>;
  addList(list: SignedList, entry: EntryDraft<'order.list'>): Promise<void>;
  newestCrl(): Promise<number>;
  revokedNow(endsAfter: number): Promise<Revoked[]>;
  addCrl(crl: SignedCrl, entry: EntryDraft<'crl.issued'>): Promise<void>;
  records(after: string, limit: number): Promise<readonly { readonly device: string; readonly envelope: Envelope }[]>;
  saveRecords(
    records: readonly { readonly device: string; readonly version: number; readonly envelope: Envelope }[],
  ): Promise<void>;
}

export interface CertificateRestore {
  /**
   * Revokes a certificate in the restored store. Also ends the enrollment of its device, unless the reason is `superseded`. Returns
   * `already` if the certificate was revoked before, `unknown` if the store lacked the certificate, and `known` otherwise. `entryOf`:
   * builds the ledger entry; null if the ledger already has the entry.
   */
  revoke(
    revoked: RevokedSince,
    entryOf: ((serial: string) => EntryDraft<'certificate.revoked'>) | null,
  ): Promise<'known' | 'unknown' | 'already'>;
  /**
   * Records certificates that the ledger names and the store lacks, so that the server recognizes them when devices present them. Returns
   * the number of new records.
   */
  expect(certificates: readonly LostCertificate[]): Promise<number>;
}

export interface RowRestore {
  /**
   * Ends sessions, tokens, invitations, activation codes, queued commands, pending proposals and similar rows of a restored store, because
   * they may have been used or canceled after the backup was made.
   */
  withdraw(now: number, realNow: number): Promise<Withdrawn>;
  /**
   * Increases the next order number and the next revision number of each order by `by`. The server may have used some of these numbers
   * after the backup, and a device accepts only one document for each number.
   */
  raiseOrderNumbers(by: number, year: number): Promise<void>;
  conversations(): Promise<number>;
  save(state: RecoveryState): Promise<void>;
}

export interface RestoreWork {
  readonly ledger: LedgerRestore;
  readonly documents: DocumentRestore;
  readonly certificates: CertificateRestore;
  readonly rows: RowRestore;
}
