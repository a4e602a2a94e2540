/**
 * What must hold of a conversation's ratchet tree (RFC 9420, section 7), beyond what ts-mls looks at: it compares no newcomer's keys with those of
 * the tree, and takes a tree whose unmerged leaves are right for a wrong one.
 */
import type { Node } from 'ts-mls';
import { directPath, isLeaf, leafToNodeIndex, leafWidth, toLeafIndex, toNodeIndex } from 'ts-mls/treemath.js';
import { CordonError } from '../errors.ts';
import { claimOf } from './credential.ts';

type Tree = readonly (Node | undefined)[];

/** Throws `commit_refused` for a tree that holds somebody or some key twice, or whose nodes are not where they belong. */
export function checkTree(tree: Tree): void {
  const keys = new Set<string>();
  const enrolments = new Set<string>();
  const once = (seen: Set<string>, what: string, value: string) => {
    if (seen.has(value)) throw refused(`${what} is in it twice`);
    seen.add(value);
  };
  for (const [at, node] of tree.entries()) {
    if (!node) continue;
    if ((node.nodeType === 'leaf') !== isLeaf(toNodeIndex(at))) throw refused('a member is where none can be');
    if (node.nodeType === 'leaf') {
      const { device, generation, signatureKey } = claimOf(node.leaf);
      once(enrolments, device, JSON.stringify([device, generation]));
      once(keys, `a key of ${device}`, signatureKey);
      once(keys, `a key of ${device}`, node.leaf.hpkePublicKey.toBase64());
    } else {
      once(keys, 'a key', node.parent.hpkePublicKey.toBase64());
      checkUnmerged(tree, at, node.parent.unmergedLeaves);
    }
  }
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
