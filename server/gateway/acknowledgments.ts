/**
 * Acknowledgments to one device: the highest sequence number of its stored reports, and the signed documents that the device has stored.
 * The server acknowledges a report only after the store has it durably.
 */
import type { DocumentVersions } from './documents-sent.ts';

/** Facts about a device that the server stores before it acknowledges the device's reports. */
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

  /** `reports`: the highest report number that earlier sessions stored. */
  begin(reports: number, had: DocumentVersions, known: DocumentVersions): void {
    this.#reports = reports;
    this.#storedList = had.list;
    // A suspended device receives documents over HTTPS. The store may therefore have older document versions than the device.
    if (had.list !== known.list || had.record !== known.record || had.approverSet !== known.approverSet)
      this.#had = had;
  }

  /** Returns false for a report that the store already has. */
  isNew(seq: number): boolean {
    return seq > this.#reports;
  }

  /** Requests an acknowledgment. A repeated report needs an acknowledgment too, because the device has not received the first one. */
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

  /** Adds work that continues while later frames are handled. The server waits for this work with `settled` before it acknowledges. */
  waitFor(work: Promise<void>): void {
    // `settled` throws the error of this work. For a closed session, nothing calls `settled`.
    work.catch(() => undefined);
    this.#work ??= [];
    this.#work.push(work);
  }

  /** Resolves when all work from `waitFor` has ended. Throws the work's error. */
  async settled(): Promise<void> {
    const work = this.#work;
    this.#work = null;
    if (work) await Promise.all(work);
  }

  /** Returns null if there is nothing to acknowledge. */
  take(): Unconfirmed | null {
    if (!this.#due && !this.#had) return null;
    const taken = { had: this.#had, reports: this.#due ? this.#reports : null };
    this.#due = false;
    this.#had = null;
    return taken;
  }
}
