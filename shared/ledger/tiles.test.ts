import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrowingTree, type HashSource, inclusionProof, leafHash, rootOf } from './merkle.ts';
import { ed25519FromSpki, signCheckpoint, verifierKey } from './sign-checkpoint.ts';
import { decodeBundle, encodeBundle, hashesFromTiles, nodesOfTile, parseTilePath, tilePath, tilesOf } from './tiles.ts';
import { verifyLedgerCopy } from './verify-copy.ts';

describe('tile paths', () => {
  it.each([
    [{ level: 0, number: 0, width: 256 }, 'tile/0/000'],
    [{ level: 1, number: 1_234_067, width: 256 }, 'tile/1/x001/x234/067'],
    [{ level: 5, number: 999, width: 1 }, 'tile/5/999.p/1'],
    [{ level: 'entries', number: 1000, width: 255 }, 'tile/entries/x001/000.p/255'],
  ] as const)('%o is %s', (tile, path) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  it.each([
    'tile/0/0',
    'tile/0/x000/001',
    'tile/0/1000',
    'tile/6/000',
    'tile/00/000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000/',
    'tile/data/000',
    'tile/0/../000',
    'tile/0/x001/x234/x067',
    'tile/0/x900/x719/x925/x474/x099/300',
  ])('%s is the path of no tile', (path) => expect(parseTilePath(path)).toBeNull());

  it('every tile has one path', () => {
    const level = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant('entries' as const));
    fc.assert(
      fc.property(fc.record({ level, number: fc.nat(), width: fc.integer({ min: 1, max: 256 }) }), (tile) => {
        expect(parseTilePath(tilePath(tile))).toEqual(tile);
      }),
    );
  });
});

describe('tiles', () => {
  it('contain all hashes from which the tree is computed', async () => {
    const size = 256 * 256 + 256 + 37;
    const kept = new Map<string, Buffer>();
    const source: HashSource = async (nodes) => nodes.map((node) => kept.get(`${node.level}/${node.position}`)!);
    const tree = await GrowingTree.open(0, source);
    for (let at = 0; at < size; at++) {
      for (const { node, hash } of tree.append(leafHash(Buffer.from(`${at}`))))
        kept.set(`${node.level}/${node.position}`, hash);
    }
    const files = new Map<string, Buffer>();
    for (const tile of tilesOf(size)) {
      if (tile.level === 'entries') continue;
      const { level } = tile;
      files.set(tilePath(tile), Buffer.concat([...(await source(nodesOfTile({ ...tile, level })))]));
    }
    expect([...files.keys()].filter((path) => path.startsWith('tile/1/'))).toEqual(['tile/1/000', 'tile/1/001.p/1']);
    expect(files.has('tile/2/000.p/1')).toBe(true);
    const fromTiles = hashesFromTiles(size, async (path) => files.get(path)!);
    expect(await rootOf(size, fromTiles)).toEqual(tree.root());
    for (const at of [0, 255, 256, 65_535, 65_536, size - 1]) {
      expect(await inclusionProof(at, size, fromTiles)).toEqual(await inclusionProof(at, size, source));
    }
  });

  it('a checkpoint of 2^53 - 1 entries costs one lookup, not a list of its tiles', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const signer = {
      name: 'cordon/ins_test',
      publicKey: ed25519FromSpki(publicKey.export({ type: 'spki', format: 'der' })),
      sign: (text: Uint8Array) => sign(null, text, privateKey),
    };
    const note = signCheckpoint({ size: Number.MAX_SAFE_INTEGER, root: Buffer.alloc(32) }, signer);
    const read: string[] = [];
    const copy = async (path: string) => {
      read.push(path);
      return path === 'checkpoint' ? Buffer.from(note) : null;
    };
    await expect(verifyLedgerCopy(copy, { pinned: verifierKey(signer) })).rejects.toMatchObject({ code: 'not_found' });
    expect(read).toEqual(['continuations', 'checkpoint', 'checkpoint.previous', 'tile/entries/000']);
  });

  it('bundles return exactly their entries', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { minLength: 1, maxLength: 20 }), (entries) => {
        const bytes = entries.map((entry) => Buffer.from(entry));
        const bundle = encodeBundle(bytes);
        expect(decodeBundle(bundle, bytes.length)).toEqual(bytes);
        expect(() => decodeBundle(bundle, bytes.length + 1)).toThrow('exactly');
        expect(() => decodeBundle(Buffer.concat([bundle, Buffer.of(0)]), bytes.length)).toThrow('exactly');
        expect(() => decodeBundle(bundle.subarray(0, -1), bytes.length)).toThrow('exactly');
      }),
    );
  });
});
