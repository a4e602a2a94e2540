/** Repeatable changes of bytes, for tests that read damaged or hostile files. */

/** Returns integers from 0 to below `limit`. The same seed gives the same series (xorshift32). */
export type Random = (limit: number) => number;

export function seededRandom(seed: number): Random {
  let state = seed | 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Integers at which readers of lengths and offsets fail. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff] as const;

/** Changes of `length` bytes from the position `at`. */
const CHANGES: readonly ((bytes: Buffer, at: number, length: number, random: Random) => Buffer)[] = [
  (bytes, at, _length, random) => replaced(bytes, at, random(256)),
  (bytes, at, _length, random) => replaced(bytes, at, EDGES[random(EDGES.length)] ?? 0),
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at, length) => Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]),
  (bytes, at, length) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]),
  (bytes, at, length) => Buffer.from(bytes).fill(0xff, at, at + length),
];

function replaced(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}

/** A copy with one to four changes: changed, cut, doubled or removed bytes. */
export function mutated(bytes: Uint8Array, random: Random): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let changes = 1 + random(4); changes > 0 && result.length > 0; changes -= 1) {
    const at = random(result.length);
    const length = 1 + random(Math.min(64, result.length - at));
    result = CHANGES[random(CHANGES.length)]?.(result, at, length, random) ?? result;
  }
  return result;
}
