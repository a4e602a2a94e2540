/**
 * Acknowledgments to one device: the highest sequence number of the stored reports, and the versions of the documents that the device has
 * stored. The server acknowledges a report only after it is stored durably.
 */
import type { ReceiptRow } from '../orders/ports.ts';
import type { DocumentVersions } from './documents-sent.ts';

export interface Unconfirmed {
  readonly had: DocumentVersions | null;
  /** Receipts to store in one transaction with the other values. */
  readonly receipts: readonly ReceiptRow[];
  /** Highest report number to acknowledge; null if no acknowledgment is due. */
  readonly reports: number | null;
  /** True if the store already contains these values, so that the server only has to send the acknowledgment. */
  readonly marked: boolean;
}

export class Acknowledgments {
  #reports = 0;
  #hasUnacknowledged = false;
  /** Highest report number that the store has marked as stored, together with the content of the report. */
  #marked = 0;
  #had: DocumentVersions | null = null;
  #storedList = 0;
  #receipts: ReceiptRow[] | null = null;
  #storedReceipts = 0;
  #work: Promise<void>[] | null = null;

  /**
   * Prepares the acknowledgments of a new session.
   * - `reports`: highest sequence number of the reports that the server has stored from earlier sessions.
   * - `had`: versions of the documents that the device has, according to the device.
   * - `known`: versions of the device's documents in the database.
   */
  begin(reports: number, had: DocumentVersions, known: DocumentVersions): void {
    this.#reports = reports;
    this.#storedList = had.list;
    // The device may have newer documents than the store knows, because a suspended device receives documents over HTTPS.
    if (had.list !== known.list || had.record !== known.record || had.approverSet !== known.approverSet)
      this.#had = had;
  }

  /** Records that a report has been stored. Returns false if the report was stored before. */
  isNew(seq: number): boolean {
    return seq > this.#reports;
  }

  /**
   * Marks a report for acknowledgment. A repeated report is acknowledged again, because the device has not received the first
   * acknowledgment.
   */
  report(seq: number, { marked = false }: { readonly marked?: boolean } = {}): void {
    this.#reports = Math.max(this.#reports, seq);
    if (marked) this.#marked = Math.max(this.#marked, seq);
    this.#hasUnacknowledged = true;
  }

  /**
   * True if no earlier report waits for its storage. Only then may a report be marked as stored, because the mark covers all earlier
   * reports.
   */
  get mayMark(): boolean {
    return this.#work === null && this.#receipts === null;
  }

  documents(had: DocumentVersions): void {
    this.#storedList = had.list;
    this.#had = had;
  }

  /** True if only versions of documents are unconfirmed. The device does not wait for their acknowledgment. */
  get onlyDocuments(): boolean {
    return this.#had !== null && !this.#hasUnacknowledged && this.#work === null;
  }

  /** Adds a receipt. `take` returns it, so that one write stores the receipts of several frames and marks their reports. */
  receipt(row: ReceiptRow): void {
    this.#receipts ??= [];
    this.#receipts.push(row);
  }

  receiptsStored(count: number): void {
    this.#storedReceipts += count;
  }

  get storedList(): number {
    return this.#storedList;
  }

  get storedReceipts(): number {
    return this.#storedReceipts;
  }

  /**
   * Adds a write that has not finished. The server handles further frames meanwhile, but waits for the write before it sends an
   * acknowledgment.
   */
  waitFor(work: Promise<void>): void {
    // Prevent an unhandled rejection, because nothing calls `settled` for a closed session. In other sessions `settled` throws the error.
    work.catch(() => undefined);
    this.#work ??= [];
    this.#work.push(work);
  }

  /** Resolves when all writes added with `waitFor` have ended. Throws the error of a failed write. */
  async settled(): Promise<void> {
    const work = this.#work;
    this.#work = null;
    if (work) await Promise.all(work);
  }

  take(): Unconfirmed | null {
    if (!this.#hasUnacknowledged && !this.#had) return null;
    const reports = this.#hasUnacknowledged ? this.#reports : null;
    const marked = this.#had === null && reports !== null && reports === this.#marked;
    const unconfirmed = { had: this.#had, receipts: this.#receipts ?? [], reports, marked };
    this.#receipts = null;
    this.#hasUnacknowledged = false;
    this.#had = null;
    return unconfirmed;
  }
}
