/**
 * Content is padded before it is sealed, so that whoever carries it learns the bucket and not the length. ISO/IEC 7816-4: one byte 0x80, then
 * zeroes up to the bucket. There is no length field that could lie, and each content has one padded form.
 */
import { CordonError } from '../errors.ts';

const MARK = 0x80;

/** `buckets` ascend. Throws `too_large` for what fits in none of them. */
export function pad(content: Uint8Array, buckets: readonly number[]): Uint8Array<ArrayBuffer> {
  const bucket = buckets.find((size) => size > content.length);
  if (bucket === undefined) {
    const most = (buckets.at(-1) ?? 1) - 1;
    throw new CordonError('too_large', `At most ${most} bytes can be sealed at once; these are ${content.length}.`);
  }
  const padded = new Uint8Array(bucket);
  padded.set(content);
  padded[content.length] = MARK;
  return padded;
}

/** Null for what `pad` does not make of anything, with these buckets. */
export function unpad(padded: Uint8Array, buckets: readonly number[]): Uint8Array | null {
  const at = buckets.indexOf(padded.length);
  if (at < 0) return null;
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== MARK) return null;
  // It would have gone into a smaller one.
  if (end < (buckets[at - 1] ?? 0)) return null;
  return padded.subarray(0, end);
}
