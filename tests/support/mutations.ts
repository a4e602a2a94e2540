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

/** A copy with one to four changes: changed, cut, doubled, removed or inserted bytes. */
export function mutated(bytes: Uint8Array, random: Random): Buffer {
  let result = Buffer.from(bytes);
  for (let changes = 1 + random(4); changes > 0 && result.length > 0; changes -= 1) {
    const at = random(result.length);
    const length = 1 + random(Math.min(64, result.length - at));
    switch (random(6)) {
      case 0:
        result[at] = random(256);
        break;
      case 1:
        result[at] = EDGES[random(EDGES.length)] ?? 0;
        break;
      case 2:
        result = result.subarray(0, at);
        break;
      case 3:
        result = Buffer.concat([result.subarray(0, at + length), result.subarray(at)]);
        break;
      case 4:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + length)]);
        break;
      default:
        result.fill(0xff, at, at + length);
    }
  }
  return result;
}
