/**
 * Division of the ledger into files (C2SP tlog-tiles, https://c2sp.org/tlog-tiles). A tile of level L has up to 256 hashes of complete
 * subtrees of 256^L leaves. An entry bundle has the 256 entries below one tile of level 0.
 */
import { CordonError } from '../errors.ts';
import { type HashSource, nodeHash, type TreeNode } from './merkle.ts';
import { HASH_SIZE } from './proof.ts';

export const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;
/**
 * Highest level of a tile. A tile of the next level would need a ledger with at least 256^6 (about 2.8 × 10^14) entries, which no ledger
 * reaches.
 */
const HIGHEST_LEVEL = 5;
const MAX_ENTRY = 0xffff;

/** Identifies a tile or an entry bundle. `level`: `entries` for an entry bundle. `width`: 256 for a full tile. */
export interface TileId {
  readonly level: number | 'entries';
  readonly number: number;
  readonly width: number;
}

/** Path of a tile, `tile/<L>/<N>[.p/<W>]`. N is written in groups of three digits, and all groups but the last begin with an x. */
export function tilePath({ level, number, width }: TileId): string {
  const groups: string[] = [];
  for (let left = number; groups.length === 0 || left > 0; left = Math.floor(left / 1000)) {
    groups.unshift(String(left % 1000).padStart(3, '0'));
  }
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}

/** Tile or entry bundle; null for a path that `tilePath` never creates, because each file has exactly one path. */
export function parseTilePath(path: string): TileId | null {
  const [, level, name, width] = /^tile\/(\d|entries)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path) ?? [];
  if (level === undefined || name === undefined) return null;
  const tile: TileId = {
    level: level === 'entries' ? level : Number(level),
    number: Number(name.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  if (tile.width < 1 || tile.width > TILE_WIDTH || (width !== undefined && tile.width === TILE_WIDTH)) return null;
  if (typeof tile.level === 'number' && tile.level > HIGHEST_LEVEL) return null;
  return tilePath(tile) === path ? tile : null;
}

/**
 * All bundles of a tree and then all its tiles, including partial ones at the right edge. The function is a generator, because a dishonest
 * signer could state a huge size. The reader stops at the first missing bundle.
 */
export function* tilesOf(size: number): Generator<TileId> {
  yield* row('entries', size);
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    yield* row(level, hashes);
  }
}

function* row(level: TileId['level'], hashes: number): Generator<TileId> {
  for (let number = 0; number * TILE_WIDTH < hashes; number++) {
    yield { level, number, width: Math.min(TILE_WIDTH, hashes - number * TILE_WIDTH) };
  }
}

export function nodesOfTile({ level, number, width }: TileId & { readonly level: number }): TreeNode[] {
  return Array.from({ length: width }, (_, at) => ({
    level: level * TILE_HEIGHT,
    position: number * TILE_WIDTH + at,
  }));
}

/** Indexes of the ledger entries in a bundle: `from` is included, `to` is not. */
export function entriesOfBundle({ number, width }: TileId): { from: number; to: number } {
  return { from: number * TILE_WIDTH, to: number * TILE_WIDTH + width };
}

export function encodeBundle(entries: readonly Buffer[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > MAX_ENTRY)
        throw new CordonError('too_large', `The ledger entry has more than ${MAX_ENTRY} bytes.`);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/** Entries of a bundle. Throws `proof_invalid` unless the bundle has exactly `count` entries and no further bytes. */
export function decodeBundle(bundle: Buffer, count: number): Buffer[] {
  const entries: Buffer[] = [];
  let at = 0;
  while (at + 2 <= bundle.length && entries.length < count) {
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) break;
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  if (entries.length !== count || at !== bundle.length) {
    throw new CordonError('proof_invalid', `The entry bundle does not contain exactly ${count} complete entries.`);
  }
  return entries;
}

export function hashesFromTiles(size: number, readTile: (path: string) => Promise<Buffer>): HashSource {
  const tiles = new Map<string, Promise<Buffer>>();
  const read = async (level: number, number: number): Promise<Buffer> => {
    const hashes = Math.floor(size / TILE_WIDTH ** level);
    const width = Math.min(TILE_WIDTH, hashes - number * TILE_WIDTH);
    const path = tilePath({ level, number, width });
    const tile = tiles.get(path) ?? readTile(path);
    tiles.set(path, tile);
    if ((await tile).length !== width * HASH_SIZE) {
      throw new CordonError('proof_invalid', `${path} does not contain exactly ${width} hashes.`);
    }
    return await tile;
  };
  // Tiles contain only the hashes of every eighth level. The hash of a subtree at any other level is computed from the hashes of one tile.
  const hashOf = async (node: TreeNode): Promise<Buffer> => {
    const level = Math.floor(node.level / TILE_HEIGHT);
    const width = 2 ** (node.level % TILE_HEIGHT);
    const first = node.position * width;
    const tile = await read(level, Math.floor(first / TILE_WIDTH));
    let row = Array.from({ length: width }, (_, at) => {
      const start = ((first % TILE_WIDTH) + at) * HASH_SIZE;
      return tile.subarray(start, start + HASH_SIZE);
    });
    while (row.length > 1) {
      row = row.flatMap((left, at) => (at % 2 === 0 ? [nodeHash(left, row[at + 1] ?? left)] : []));
    }
    return row[0] ?? tile;
  };
  return async (nodes) => await Promise.all(nodes.map(hashOf));
}
