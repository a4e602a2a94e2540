/**
 * What must hold of a conversation's ratchet tree (RFC 9420, section 7), beyond what ts-mls looks at: it compares no newcomer's keys with those of
 * the tree, and takes a tree whose unmerged leaves are right for a wrong one.
 */
import type { Node } from 'ts-mls';
import { getHpkePublicKey } from 'ts-mls/ratchetTree.js';
import { directPath, isLeaf, leafToNodeIndex, leafWidth, toLeafIndex, toNodeIndex } from 'ts-mls/treemath.js';
import { CordonError } from '../errors.ts';
import { claimOf } from './credential.ts';

type Tree = readonly (Node | undefined)[];

/** Throws `commit_refused` for a tree that holds somebody or some key twice, or whose nodes are not where they belong. */
export function checkTree(tree: Tree): void {
  checkShape(tree);
  const enrolments = new Set<string>();
  for (const node of tree) {
    if (node?.nodeType !== 'leaf') continue;
    const { device, generation, signatureKey } = claimOf(node.leaf);
    once(enrolments, device, JSON.stringify([device, generation]));
    once(enrolments, `the key of ${device}`, signatureKey);
  }
}

/** The part of it that holds for the tree of any group, whoever its members are. */
export function checkShape(tree: Tree): void {
  const keys = new Set<string>();
  for (const [at, node] of tree.entries()) {
    if (!node) continue;
    if ((node.nodeType === 'leaf') !== isLeaf(toNodeIndex(at))) throw refused('a member is where none can be');
    once(keys, 'a key of the tree', getHpkePublicKey(node).toBase64());
    if (node.nodeType === 'parent') checkUnmerged(tree, at, node.parent.unmergedLeaves);
  }
}

function once(seen: Set<string>, what: string, value: string): void {
  if (seen.has(value)) throw refused(`${what} is in it twice`);
  seen.add(value);
}

/** Section 7.9.2: each is a leaf below the node, and unmerged at every node between the two as well. */
function checkUnmerged(tree: Tree, at: number, unmerged: readonly number[]): void {
  for (const [position, index] of unmerged.entries()) {
    if (position > 0 && index <= (unmerged[position - 1] ?? 0)) throw refused('its unmerged members are out of order');
    const leaf = leafToNodeIndex(toLeafIndex(index));
    const path: number[] = tree[leaf]?.nodeType === 'leaf' ? directPath(leaf, leafWidth(tree.length)) : [];
    const height = path.indexOf(at);
    if (height < 0) throw refused('it calls somebody unmerged who is not there');
    for (const between of path.slice(0, height)) {
      const node = tree[between];
      if (node?.nodeType === 'parent' && !node.parent.unmergedLeaves.some((other) => other === index)) {
        throw refused('it calls somebody merged below and unmerged above');
      }
    }
  }
}

function refused(why: string): CordonError {
  return new CordonError('commit_refused', `The conversation would not be sound: ${why}.`);
}
