/**
 * Padding of contents before sealing, so that the server learns a size class and not the length. ISO/IEC 7816-4: one byte 0x80, then zeros
 * up to the size class. Without a length field, nothing can contradict the content, and each content has one padded form.
 */
import { CordonError } from '../errors.ts';

const MARK = 0x80;

/** Pads to the smallest size of `buckets`, which are in ascending order. Throws `too_large`. */
export function pad(content: Uint8Array, buckets: readonly number[]): Uint8Array<ArrayBuffer> {
  const bucket = buckets.find((size) => size > content.length);
  if (bucket === undefined) {
    const most = (buckets.at(-1) ?? 1) - 1;
    throw new CordonError(
      'too_large',
      `The content has ${content.length} bytes; at most ${most} can be sealed at once.`,
    );
  }
  const padded = new Uint8Array(bucket);
  padded.set(content);
  padded[content.length] = MARK;
  return padded;
}

/** Removes the padding. Null if `pad` with these sizes cannot have made it. */
export function unpad(padded: Uint8Array, buckets: readonly number[]): Uint8Array | null {
  const at = buckets.indexOf(padded.length);
  if (at < 0) return null;
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== MARK) return null;
  // The content fits a smaller size, so no honest sender made this padding.
  if (end < (buckets[at - 1] ?? 0)) return null;
  return padded.subarray(0, end);
}
