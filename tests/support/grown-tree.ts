/** Merkle trees in memory for tests of the ledger. */
import { GrowingTree, type HashSource, leafHash } from '../../shared/ledger/merkle.ts';

export async function grow(entries: readonly Buffer[]): Promise<{ source: HashSource; tree: GrowingTree }> {
  const kept = new Map<string, Buffer>();
  const source: HashSource = async (nodes) =>
    nodes.map(({ level, position }) => {
      const hash = kept.get(`${level}/${position}`);
      if (!hash) throw new Error(`no hash at ${level}/${position}`);
      return hash;
    });
  const tree = await GrowingTree.open(0, source);
  for (const entry of entries) {
    for (const { node, hash } of tree.append(leafHash(entry))) kept.set(`${node.level}/${node.position}`, hash);
  }
  return { source, tree };
}

export const numbered = (count: number) => Array.from({ length: count }, (_, at) => Buffer.from(`entry ${at}`));
