/** Compact form of a sorted list of version ids: the differences of neighbors as variable-length integers (LEB128). */

export function encodeIds(sorted: Iterable<number>): Buffer {
  const bytes: number[] = [];
  let last = 0;
  for (const id of sorted) {
    let rest = id - last;
    last = id;
    while (rest >= 0x80) {
      bytes.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    bytes.push(rest);
  }
  return Buffer.from(bytes);
}

export function decodeIds(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let last = 0;
  let value = 0;
  let factor = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * factor;
    if (byte >= 0x80) {
      factor *= 0x80;
      continue;
    }
    last += value;
    ids.push(last);
    value = 0;
    factor = 1;
  }
  return ids;
}
