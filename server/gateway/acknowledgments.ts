/**
 * Acknowledgments that the server sends to one device. An acknowledgment contains the highest sequence number of the stored reports, and
 * the versions of the signed documents that the device has stored. The server acknowledges a report only after it is stored durably.
 */
import type { DocumentVersions } from './documents-sent.ts';

/** Data from a device that must be stored before the server acknowledges the device's reports. */
export interface Unconfirmed {
  readonly had: DocumentVersions | null;
  /** Highest report number to acknowledge to the device; null if no acknowledgment is due. */
  readonly reports: number | null;
}

export class Acknowledgments {
  #reports = 0;
  #due = false;
  #had: DocumentVersions | null = null;
  #storedList = 0;
  #receipts = 0;
  #work: Promise<void>[] | null = null;

  /**
   * Starts the acknowledgments of a session. `reports` is the highest report number that earlier sessions stored. `had` has the device's
   * document versions, and `known` the versions in the store.
   */
  begin(reports: number, had: DocumentVersions, known: DocumentVersions): void {
    this.#reports = reports;
    this.#storedList = had.list;
    // The device may have newer documents than the store knows, because a suspended device receives documents over HTTPS.
    if (had.list !== known.list || had.record !== known.record || had.approverSet !== known.approverSet)
      this.#had = had;
  }

  /** Returns true for a new report, and false for a report that the store already has. */
  isNew(seq: number): boolean {
    return seq > this.#reports;
  }

  /**
   * Marks a report for acknowledgment. A repeated report is acknowledged again, because the device has not received the first
   * acknowledgment.
   */
  report(seq: number): void {
    this.#reports = Math.max(this.#reports, seq);
    this.#due = true;
  }

  documents(had: DocumentVersions): void {
    this.#storedList = had.list;
    this.#had = had;
  }

  receipt(): void {
    this.#receipts += 1;
  }

  get storedList(): number {
    return this.#storedList;
  }

  get receipts(): number {
    return this.#receipts;
  }

  /**
   * Adds an unfinished write. Other frames are handled meanwhile, but the server waits with `settled` for the write before it acknowledges.
   */
  waitFor(work: Promise<void>): void {
    // Prevent an unhandled rejection, because nothing calls `settled` for a closed session. In other sessions `settled` throws the error.
    work.catch(() => undefined);
    this.#work ??= [];
    this.#work.push(work);
  }

  /** Resolves when all work that was added with `waitFor` has ended. Throws the error of failed work. */
  async settled(): Promise<void> {
    const work = this.#work;
    this.#work = null;
    if (work) await Promise.all(work);
  }

  /** Returns the data to store and acknowledge; null if there is none. */
  take(): Unconfirmed | null {
    if (!this.#due && !this.#had) return null;
    const taken = { had: this.#had, reports: this.#due ? this.#reports : null };
    this.#due = false;
    this.#had = null;
    return taken;
  }
}
