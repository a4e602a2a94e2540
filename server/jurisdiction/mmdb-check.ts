/**
 * Check of a complete file in MMDB format (MaxMind DB 2.0) before its first use, because a lookup in a truncated, damaged or cyclic file
 * could fail or never return. https://maxmind.github.io/MaxMind-DB/
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Reader } from 'mmdb-lib';

const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
/** Maximum distance of the metadata from the end of the file, according to the MMDB format: 128 KiB. */
const METADATA_WITHIN = 128 * 1024;
const SEPARATOR = 16;
/** Maximum number of values in one record, several times larger than any known database needs. */
const MOST_VALUES = 5_000;
const DEEPEST = 32;
/**
 * Maximum values of all records together, for each byte of the file. Known databases have less than one. Records that point to the same large
 * map could otherwise keep the server busy for hours.
 */
const VALUES_PER_BYTE = 4;
/** Time in milliseconds after which the check of a file lets other tasks of the server run. */
const SLICE = 10;

/** Checks a complete file in MMDB format. Throws `RangeError` with a description of the first defect of the file. */
export async function checkMmdb(bytes: Buffer): Promise<void> {
  const tail = Math.max(0, bytes.length - METADATA_WITHIN);
  const marker = bytes.subarray(tail).lastIndexOf(MARKER);
  if (marker < 0) throw new RangeError('its metadata is missing at the end');
  const metadata = tail + marker + MARKER.length;
  checkRecord(bytes, metadata, { base: metadata, end: bytes.length });

  const { nodeCount, recordSize, searchTreeSize } = new Reader(bytes).metadata;
  const [data, end] = [searchTreeSize + SEPARATOR, metadata - MARKER.length];
  if (!(nodeCount > 0) || data > end) throw new RangeError('the file ends within its search tree');
  let began = performance.now();
  const breathe = async () => {
    if (performance.now() - began < SLICE) return;
    await turn();
    began = performance.now();
  };

  /** Bits of the bytes in the data section: 1 if a checked record begins at the byte. A set of offsets could need a gigabyte. */
  const seen = new Uint8Array(Math.ceil((end - data) / 8));
  let values = 0;
  let checked = 0;
  for (let node = 0; node < nodeCount; node += 1) {
    for (const record of recordsOf(bytes, node, recordSize)) {
      if (record <= nodeCount) continue;
      const at = record - nodeCount + searchTreeSize;
      if (at < data || at >= end) throw new RangeError('its search tree points outside the data section');
      const bit = 1 << ((at - data) & 7);
      const byte = (at - data) >>> 3;
      if (((seen[byte] ?? 0) & bit) !== 0) continue;
      seen[byte] = (seen[byte] ?? 0) | bit;
      values += checkRecord(bytes, at, { base: data, end });
      if (values > MOST_VALUES + bytes.length * VALUES_PER_BYTE)
        throw new RangeError('its records have more values than a country database needs');
      checked += 1;
      if (checked % 64 === 0) await breathe();
    }
    if (node % 4096 === 0) await breathe();
  }
}

function recordsOf(bytes: Buffer, node: number, recordSize: number): readonly [number, number] {
  const at = (node * recordSize) / 4;
  if (recordSize === 24) return [bytes.readUIntBE(at, 3), bytes.readUIntBE(at + 3, 3)];
  if (recordSize === 32) return [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
  const middle = bytes.readUInt8(at + 3);
  return [((middle & 0xf0) << 20) | bytes.readUIntBE(at, 3), ((middle & 0x0f) << 24) | bytes.readUIntBE(at + 4, 3)];
}

/** Checks one record and what it points to. Returns its number of values. */
function checkRecord(
  bytes: Buffer,
  start: number,
  { base, end }: { readonly base: number; readonly end: number },
): number {
  let values = 0;

  function value(at: number, depth: number): number {
    values += 1;
    if (values > MOST_VALUES || depth > DEEPEST) throw new RangeError('a record has no end');
    if (at < base || at >= end) throw new RangeError('a record is outside the data section');
    const control = bytes.readUInt8(at);
    let type = control >> 5;
    let next = at + 1;
    if (type === 1) {
      const width = (control >> 3) & 3;
      const packed =
        width === 3
          ? bytes.readUInt32BE(next)
          : ((control & 7) << (8 * (width + 1))) | bytes.readUIntBE(next, width + 1);
      value(base + packed + ([0, 2048, 526_336, 0][width] ?? 0), depth + 1);
      return next + width + 1;
    }
    if (type === 0) {
      type = 7 + bytes.readUInt8(next);
      next += 1;
      if (type < 8 || type === 12 || type === 13 || type > 15) throw new RangeError('a record has an unknown type');
    }
    let size = control & 31;
    if (size >= 29) {
      const width = size - 28;
      size = ([29, 285, 65_821][width - 1] ?? 0) + bytes.readUIntBE(next, width);
      next += width;
    }
    if (type === 14) return next;
    if (type !== 7 && type !== 11) {
      if (next + size > end) throw new RangeError('a record is outside the data section');
      return next + size;
    }
    for (let item = 0; item < size * (type === 7 ? 2 : 1); item += 1) next = value(next, depth + 1);
    return next;
  }

  value(start, 0);
  return values;
}
