/** Limit on the number and bytes of mailbox entries that the server has sent to one device and the device has not acknowledged. */
import type { MailboxEntry } from '../relay/ports.ts';

/** Limits of one device's unacknowledged mail. A single entry larger than `MOST_BYTES` is sent nevertheless. */
const MOST_ENTRIES = 64;
const MOST_BYTES = 1024 * 1024;

export class MailboxWindow {
  #open = false;
  /** Number of mailbox requests in this session. A read of the mailbox that began before the newest request is outdated. */
  #opening = 0;
  /** Sequence number of the last mailbox entry that was sent since the device's newest mailbox request. */
  #sent = 0;
  #highest = 0;
  /** Sequence number of the last entry in the mailbox; null if unknown. */
  #tail: number | null = null;
  #underWay: { readonly seq: number; readonly bytes: number }[] = [];
  #bytes = 0;

  get isOpen(): boolean {
    return this.#open;
  }

  get opening(): number {
    return this.#opening;
  }

  get wasOpened(): boolean {
    return this.#opening > 0;
  }

  /** Makes the delivery start again at the first stored entry of the mailbox. */
  open(): void {
    this.#open = true;
    this.#opening += 1;
    this.#sent = 0;
    this.#tail = null;
    this.#underWay = [];
    this.#bytes = 0;
  }

  close(): void {
    this.#open = false;
  }

  /** Limits for the next read of the mailbox; null if the device already has the maximum of unacknowledged mail. */
  room(): { readonly after: number; readonly entries: number; readonly bytes: number } | null {
    const [entries, bytes] = [MOST_ENTRIES - this.#underWay.length, MOST_BYTES - this.#bytes];
    if (entries > 0 && bytes > 0) return { after: this.#sent, entries, bytes };
    this.#tail = null;
    return null;
  }

  /**
   * True if a new mailbox entry directly follows the last sent entry and is the last entry of the mailbox. The server can then send the new
   * entry without reading the mailbox.
   */
  isNext(seq: number): boolean {
    const full = this.#underWay.length >= MOST_ENTRIES || this.#bytes >= MOST_BYTES;
    return this.#open && !full && this.#tail === this.#sent && seq === this.#sent + 1;
  }

  sent({ seq, bytes }: Pick<MailboxEntry, 'seq' | 'bytes'>): void {
    this.#sent = seq;
    this.#highest = Math.max(this.#highest, seq);
    this.#underWay.push({ seq, bytes });
    this.#bytes += bytes;
  }

  endsAt(seq: number | null): void {
    this.#tail = seq;
  }

  /**
   * Acknowledges mailbox entries.
   * - `through`: sequence number of the last acknowledged entry; 0 if no entry was sent.
   * - `more`: true if the server can now send further mail.
   */
  confirm(through: number): { readonly through: number; readonly more: boolean } {
    const known = Math.min(through, this.#highest);
    const firstUnacknowledged = this.#underWay.findIndex(({ seq }) => seq > known);
    const acknowledged = this.#underWay.splice(
      0,
      firstUnacknowledged < 0 ? this.#underWay.length : firstUnacknowledged,
    );
    for (const { bytes } of acknowledged) this.#bytes -= bytes;
    return { through: known, more: acknowledged.length > 0 && this.#tail !== this.#sent };
  }
}
