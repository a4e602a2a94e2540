/**
 * Padding of contents before encryption (ISO/IEC 7816-4: one byte 0x80, then zeros), so that the server learns only a size class. Each
 * content has exactly one padded form.
 */
import { CordonError } from '../errors.ts';

const MARK = 0x80;

/** Pads bytes to the smallest sufficient size in `buckets`, an ascending list. Throws `too_large`. */
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

/**
 * Removes the padding from bytes that `pad` created, and returns the content. Returns null if `pad` cannot have created the bytes with the
 * sizes in `buckets`.
 */
export function unpad(padded: Uint8Array, buckets: readonly number[]): Uint8Array | null {
  const at = buckets.indexOf(padded.length);
  if (at < 0) return null;
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== MARK) return null;
  // If the content would fit a smaller size, an honest sender would have used that size.
  if (end < (buckets[at - 1] ?? 0)) return null;
  return padded.subarray(0, end);
}
