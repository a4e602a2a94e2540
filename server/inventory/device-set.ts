/** Set of device numbers as a bitmap: 12.5 KB for 100,000 devices. */
import { CHUNK } from './device-chunk.ts';

export class DeviceSet {
  #bits = new Uint8Array(CHUNK / 8);

  add(number: number): void {
    this.#room(number);
    this.#bits[number >> 3] = (this.#bits[number >> 3] ?? 0) | (1 << (number & 7));
  }

  has(number: number): boolean {
    return (((this.#bits[number >> 3] ?? 0) >> (number & 7)) & 1) === 1;
  }

  /** Adds the devices of one stored chunk (`device-chunk.ts`). */
  addChunk(chunk: number, bytes: Buffer): void {
    const start = chunk * CHUNK;
    this.#room(start + CHUNK - 1);
    if (bytes.length < CHUNK / 8) {
      for (let at = 0; at < bytes.length; at += 2) this.add(start + bytes.readUInt16LE(at));
      return;
    }
    const offset = start / 8;
    for (let at = 0; at < bytes.length; at += 1) {
      this.#bits[offset + at] = (this.#bits[offset + at] ?? 0) | (bytes[at] ?? 0);
    }
  }

  addAll(other: DeviceSet): void {
    this.#room(other.#bits.length * 8 - 1);
    other.#bits.forEach((byte, at) => {
      this.#bits[at] = (this.#bits[at] ?? 0) | byte;
    });
  }

  /** Devices that are in both sets. */
  within(other: DeviceSet): DeviceSet {
    const both = new DeviceSet();
    both.#bits = this.#bits.map((byte, at) => byte & (other.#bits[at] ?? 0));
    return both;
  }

  /** Number of devices that are in both sets. */
  countWithin(other: DeviceSet): number {
    let count = 0;
    const most = Math.min(this.#bits.length, other.#bits.length);
    for (let at = 0; at < most; at += 1) count += ONES[(this.#bits[at] ?? 0) & (other.#bits[at] ?? 0)] ?? 0;
    return count;
  }

  get size(): number {
    return this.countWithin(this);
  }

  /** The first `limit` numbers above `after`, in ascending order. */
  numbers(after: number, limit: number): number[] {
    const found: number[] = [];
    for (let number = after + 1; number < this.#bits.length * 8 && found.length < limit; number += 1) {
      if ((number & 7) === 0 && this.#bits[number >> 3] === 0) number += 7;
      else if (this.has(number)) found.push(number);
    }
    return found;
  }

  #room(number: number): void {
    if (number < this.#bits.length * 8) return;
    const larger = new Uint8Array(Math.ceil((number + 1) / CHUNK) * (CHUNK / 8));
    larger.set(this.#bits);
    this.#bits = larger;
  }
}

/** Table: number of bits with the value 1 in each byte. */
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);
