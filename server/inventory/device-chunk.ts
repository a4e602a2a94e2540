/**
 * Compact form of a set of device numbers within one chunk of 4,096 numbers. Up to 255 numbers are a sorted list of 16-bit integers (at
 * most 510 bytes). More numbers are a bitmap of 512 bytes. The two forms differ in length.
 */
export const CHUNK = 4096;
const BITMAP = CHUNK / 8;

export const chunkOf = (number: number): number => Math.floor(number / CHUNK);
export const positionOf = (number: number): number => number % CHUNK;

export function encodePositions(positions: ReadonlySet<number>): Buffer {
  if (positions.size * 2 < BITMAP) {
    const bytes = Buffer.alloc(positions.size * 2);
    [...positions].sort((a, b) => a - b).forEach((position, index) => void bytes.writeUInt16LE(position, index * 2));
    return bytes;
  }
  const bytes = Buffer.alloc(BITMAP);
  for (const position of positions) bytes[position >> 3] = (bytes[position >> 3] ?? 0) | (1 << (position & 7));
  return bytes;
}

export function decodePositions(bytes: Buffer): Set<number> {
  const positions = new Set<number>();
  if (bytes.length < BITMAP) {
    for (let at = 0; at < bytes.length; at += 2) positions.add(bytes.readUInt16LE(at));
    return positions;
  }
  bytes.forEach((byte, index) => {
    for (let bit = 0; byte >> bit > 0; bit += 1) if ((byte >> bit) & 1) positions.add(index * 8 + bit);
  });
  return positions;
}
