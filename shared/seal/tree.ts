/**
 * Checks of a conversation's ratchet tree (RFC 9420, section 7) beyond those of ts-mls. ts-mls does not compare the keys of a new member
 * with the tree, and it refuses trees with valid unmerged leaves.
 */
import type { Node } from 'ts-mls';
import { getHpkePublicKey } from 'ts-mls/ratchetTree.js';
import { directPath, isLeaf, leafToNodeIndex, leafWidth, toLeafIndex, toNodeIndex } from 'ts-mls/treemath.js';
import { CordonError } from '../errors.ts';
import { claimOf } from './credential.ts';

type Tree = readonly (Node | undefined)[];

/** Checks a ratchet tree. Throws `commit_refused` if a member or key occurs twice, or if a node is in a wrong position. */
export function checkTree(tree: Tree): void {
  checkShape(tree);
  const enrollments = new Set<string>();
  for (const node of tree) {
    if (node?.nodeType !== 'leaf') continue;
    const { device, generation, signatureKey } = claimOf(node.leaf);
    requireUnique(enrollments, device, JSON.stringify([device, generation]));
    requireUnique(enrollments, `the key of ${device}`, signatureKey);
  }
}

export function checkShape(tree: Tree): void {
  const keys = new Set<string>();
  for (const [at, node] of tree.entries()) {
    if (!node) continue;
    if ((node.nodeType === 'leaf') !== isLeaf(toNodeIndex(at))) throw refused('a parent position contains a leaf');
    requireUnique(keys, 'a key of the tree', getHpkePublicKey(node).toBase64());
    if (node.nodeType === 'parent') checkUnmerged(tree, at, node.parent.unmergedLeaves);
  }
}

function requireUnique(seen: Set<string>, what: string, value: string): void {
  if (seen.has(value)) throw refused(`${what} occurs twice`);
  seen.add(value);
}

/**
 * RFC 9420, section 7.9.2: a leaf that a node lists as unmerged must be below that node. All nodes between the leaf and that node must list
 * the leaf as unmerged, too.
 */
function checkUnmerged(tree: Tree, at: number, unmerged: readonly number[]): void {
  for (const [position, index] of unmerged.entries()) {
    if (position > 0 && index <= (unmerged[position - 1] ?? 0)) throw refused('its unmerged leaves are not in order');
    const leaf = leafToNodeIndex(toLeafIndex(index));
    const path: number[] = tree[leaf]?.nodeType === 'leaf' ? directPath(leaf, leafWidth(tree.length)) : [];
    const height = path.indexOf(at);
    if (height < 0) throw refused('it lists an unmerged leaf that does not exist');
    for (const between of path.slice(0, height)) {
      const node = tree[between];
      if (node?.nodeType === 'parent' && !node.parent.unmergedLeaves.some((other) => other === index)) {
        throw refused('it lists a leaf as unmerged above a node that does not');
      }
    }
  }
}

function refused(why: string): CordonError {
  return new CordonError('commit_refused', `The conversation’s ratchet tree is not valid: ${why}.`);
}
