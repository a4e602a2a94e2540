/**
 * Acknowledgments to one device: the highest sequence number of its durable reports, and the signed documents that the device has stored.
 * The server confirms a report only after it is durable.
 */
import type { DocumentVersions } from './documents-sent.ts';

/** Facts to store with the device before the server confirms them. */
export interface Unconfirmed {
  readonly had: DocumentVersions | null;
  /** Sequence number of the highest durable report; null if no confirmation is due. */
  readonly reports: number | null;
}

export class Acknowledgments {
  #reports = 0;
  #due = false;
  #had: DocumentVersions | null = null;
  #storedList = 0;
  #receipts = 0;

  /** `reports`: the highest report of earlier sessions in the store. */
  begin(reports: number, had: DocumentVersions, known: DocumentVersions): void {
    this.#reports = reports;
    this.#storedList = had.list;
    // A suspended device receives newer documents over HTTPS, so the store may have older versions.
    if (had.list !== known.list || had.record !== known.record || had.approverSet !== known.approverSet)
      this.#had = had;
  }

  /** False for a report that the store already has. */
  isNew(seq: number): boolean {
    return seq > this.#reports;
  }

  /** Requests a confirmation. A known report needs one too, because the device has not received the first one. */
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

  /** Null if there is nothing to confirm. */
  take(): Unconfirmed | null {
    if (!this.#due && !this.#had) return null;
    const taken = { had: this.#had, reports: this.#due ? this.#reports : null };
    this.#due = false;
    this.#had = null;
    return taken;
  }
}
