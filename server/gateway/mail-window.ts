/** Mail that the server has sent to one device and that the device has not confirmed. The window limits its entries and bytes. */
import type { MailEntry } from '../relay/ports.ts';

/** Limits of the unconfirmed mail of one device. A single larger entry may exceed `MOST_BYTES`. */
const MOST_ENTRIES = 64;
const MOST_BYTES = 1024 * 1024;

export class MailWindow {
  #open = false;
  /** Count of the device's requests for its mailbox. A read for an earlier request is outdated. */
  #opening = 0;
  /** Number of the last entry sent since the device's newest request. */
  #sent = 0;
  /** Number of the last entry sent in this session. */
  #highest = 0;
  /** Number of the last entry in the mailbox; null if unknown. */
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

  /** Restarts at the first entry of the mailbox. */
  open(): void {
    this.#open = true;
    this.#opening += 1;
    this.#sent = 0;
    this.#tail = null;
    this.#underWay = [];
    this.#bytes = 0;
  }

  /** Closes the mailbox. The device can still confirm mail that was sent. */
  close(): void {
    this.#open = false;
  }

  /** Limits of the next read; null for a full window. */
  room(): { readonly after: number; readonly entries: number; readonly bytes: number } | null {
    const [entries, bytes] = [MOST_ENTRIES - this.#underWay.length, MOST_BYTES - this.#bytes];
    if (entries > 0 && bytes > 0) return { after: this.#sent, entries, bytes };
    this.#tail = null;
    return null;
  }

  /** True if the entry directly follows the last one sent and nothing else waits. Such an entry needs no read of the mailbox. */
  isNext(seq: number): boolean {
    const full = this.#underWay.length >= MOST_ENTRIES || this.#bytes >= MOST_BYTES;
    return this.#open && !full && this.#tail === this.#sent && seq === this.#sent + 1;
  }

  sent({ seq, bytes }: Pick<MailEntry, 'seq' | 'bytes'>): void {
    this.#sent = seq;
    this.#highest = Math.max(this.#highest, seq);
    this.#underWay.push({ seq, bytes });
    this.#bytes += bytes;
  }

  /** `seq`: the last entry in the mailbox; null if unknown. */
  endsAt(seq: number | null): void {
    this.#tail = seq;
  }

  /** Confirms entries. Returns the last confirmed entry that was sent (0: none), and true in `more` if waiting mail now fits. */
  confirm(through: number): { readonly through: number; readonly more: boolean } {
    const known = Math.min(through, this.#highest);
    const left = this.#underWay.findIndex(({ seq }) => seq > known);
    const gone = this.#underWay.splice(0, left < 0 ? this.#underWay.length : left);
    for (const { bytes } of gone) this.#bytes -= bytes;
    return { through: known, more: gone.length > 0 && this.#tail !== this.#sent };
  }
}
