/**
 * Writes small MMDB files (MaxMind DB format 2.0, IPv4 tree, 24-bit records) for tests, in the record formats of vendors whose files Cordon
 * may not ship. https://maxmind.github.io/MaxMind-DB/
 */

export type MmdbValue = string | number | { readonly [key: string]: MmdbValue };

const STRING = 2;
const UINT32 = 6;
const MAP = 7;
const METADATA_MARKER = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);

function control(type: number, size: number): Buffer {
  if (size < 29) return Buffer.from([(type << 5) | size]);
  if (size < 285) return Buffer.from([(type << 5) | 29, size - 29]);
  throw new RangeError('longer than a test needs');
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(STRING, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(UINT32, 4), bytes]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([
    control(MAP, entries.length),
    ...entries.flatMap(([key, item]) => [encode(key), encode(item)]),
  ]);
}

/** Well-known addresses. The server refuses a database that lacks most of them. */
export const KNOWN_ADDRESSES = [
  ['193.0.6.139', 'NL'],
  ['200.160.2.3', 'BR'],
  ['202.12.29.211', 'AU'],
  ['129.132.1.1', 'CH'],
  ['131.111.8.42', 'GB'],
  ['39.32.0.1', 'PK'],
] as const;

/** Each address becomes a /32 with its record. */
export function writeMmdb(records: Readonly<Record<string, MmdbValue>>, builtAt: number): Buffer {
  const nodes: [number | null, number | null][] = [[null, null]];
  const leaves: { readonly node: number; readonly side: 0 | 1; readonly offset: number }[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [address, record] of Object.entries(records)) {
    const bits = address
      .split('.')
      .flatMap((octet) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (Number(octet) >> bit) & 1));
    let node = 0;
    bits.forEach((bit, depth) => {
      const side = bit === 0 ? 0 : 1;
      if (depth === 31) {
        leaves.push({ node, side, offset });
        return;
      }
      const next = nodes[node]?.[side] ?? nodes.push([null, null]) - 1;
      nodes[node]![side] = next;
      node = next;
    });
    const encoded = encode(record);
    data.push(encoded);
    offset += encoded.length;
  }
  // A record smaller than the number of nodes is a node. An equal record means "no data". A larger record points into the data, which
  // follows 16 empty bytes.
  for (const leaf of leaves) nodes[leaf.node]![leaf.side] = nodes.length + 16 + leaf.offset;
  const tree = Buffer.alloc(nodes.length * 6);
  nodes.forEach(([left, right], i) => {
    tree.writeUIntBE(left ?? nodes.length, i * 6, 3);
    tree.writeUIntBE(right ?? nodes.length, i * 6 + 3, 3);
  });
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: Math.floor(builtAt / 1000),
    database_type: 'Test-Country',
    ip_version: 4,
    node_count: nodes.length,
    record_size: 24,
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, METADATA_MARKER, metadata]);
}
