/** Test vectors of the MLS working group about ratchet trees. `mls-vectors.ts` has the other vectors. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Node } from 'ts-mls';
import { applyUpdatePathSecret } from 'ts-mls/createCommit.js';
import { verifyLeafNodeSignature, verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
import { verifyParentHashes } from 'ts-mls/parentHash.js';
import { getCommitSecret, pathToRoot } from 'ts-mls/pathSecrets.js';
import { mergePrivateKeyPaths, toPrivateKeyPath } from 'ts-mls/privateKeyPath.js';
import { decodeProposal } from 'ts-mls/proposal.js';
import {
  addLeafNode,
  decodeRatchetTree,
  encodeRatchetTree,
  removeLeafNode,
  resolution,
  updateLeafNode,
} from 'ts-mls/ratchetTree.js';
import { treeHash, treeHashRoot } from 'ts-mls/treeHash.js';
import {
  isLeaf,
  leafToNodeIndex,
  left,
  nodeWidth,
  parent,
  right,
  root,
  sibling,
  toLeafIndex,
  toNodeIndex,
} from 'ts-mls/treemath.js';
import { applyUpdatePath, createUpdatePath, decodeUpdatePath } from 'ts-mls/updatePath.js';
import { suite } from '../../shared/seal/suite.ts';
import { checkShape } from '../../shared/seal/tree.ts';
import { at, bytes, contextOf, list, number, same, type Vector, whole } from './read-vector.ts';

export function treeMath(vector: Vector): void {
  const leaves = number(vector, 'n_leaves');
  equal(nodeWidth(leaves), number(vector, 'n_nodes'));
  equal(root(leaves), number(vector, 'root'));
  for (let node = 0; node < nodeWidth(leaves); node += 1) {
    const index = toNodeIndex(node);
    equal(isLeaf(index) ? null : left(index), at(vector, 'left', node));
    equal(isLeaf(index) ? null : right(index), at(vector, 'right', node));
    const isRoot = node === root(leaves);
    equal(isRoot ? null : parent(index, leaves), at(vector, 'parent', node));
    equal(isRoot ? null : sibling(index, leaves), at(vector, 'sibling', node));
  }
}

export async function treeOperations(vector: Vector): Promise<void> {
  const { hash } = await suite();
  const before = whole(decodeRatchetTree, bytes(vector, 'tree_before'));
  same(await treeHashRoot(before, hash), bytes(vector, 'tree_hash_before'));
  const proposal = whole(decodeProposal, bytes(vector, 'proposal'));
  let after = before;
  if ('add' in proposal) [after] = addLeafNode(before, proposal.add.keyPackage.leafNode);
  if ('update' in proposal)
    after = updateLeafNode(before, proposal.update.leafNode, toLeafIndex(number(vector, 'proposal_sender')));
  if ('remove' in proposal) after = removeLeafNode(before, toLeafIndex(proposal.remove.removed));
  same(encodeRatchetTree(after), bytes(vector, 'tree_after'));
  same(await treeHashRoot(after, hash), bytes(vector, 'tree_hash_after'));
  checkShape(after);
}

export async function treeValidation(vector: Vector): Promise<void> {
  const { hash, signature } = await suite();
  const tree = whole(decodeRatchetTree, bytes(vector, 'tree'));
  checkShape(tree);
  ok(await verifyParentHashes(tree, hash));
  for (const [index, node] of tree.entries()) {
    deepEqual(resolution(tree, toNodeIndex(index)), at(vector, 'resolutions', index));
    same(await treeHash(tree, toNodeIndex(index), hash), bytes(vector, 'tree_hashes', index));
    if (node?.nodeType === 'leaf') ok(await signedLeaf(node, bytes(vector, 'group_id'), index / 2));
  }

  function signedLeaf({ leaf }: Extract<Node, { nodeType: 'leaf' }>, groupId: Uint8Array, leafIndex: number) {
    if ('lifetime' in leaf) return verifyLeafNodeSignatureKeyPackage(leaf, signature);
    return verifyLeafNodeSignature(leaf, groupId, leafIndex, signature);
  }
}

export async function treeKem(vector: Vector): Promise<void> {
  const cs = await suite();
  const tree = whole(decodeRatchetTree, bytes(vector, 'ratchet_tree'));
  checkShape(tree);
  const hash = bytes(vector, 'confirmed_transcript_hash');
  const context = contextOf(vector, BigInt(number(vector, 'epoch')), await treeHashRoot(tree, cs.hash), hash);
  const paths = new Map<number, Awaited<ReturnType<typeof toPrivateKeyPath>>>();
  for (const leaf of list(vector, 'leaves_private')) {
    const index = number(leaf, 'index');
    const node = leafToNodeIndex(toLeafIndex(index));
    let path = {
      leafIndex: index,
      privateKeys: { [node]: bytes(leaf, 'encryption_priv') } as Record<number, Uint8Array>,
    };
    for (const secret of list(leaf, 'path_secrets')) {
      const own = { [number(secret, 'node')]: bytes(secret, 'path_secret') };
      path = mergePrivateKeyPaths(path, await toPrivateKeyPath(own, index, cs));
    }
    paths.set(index, path);
  }
  for (const entry of list(vector, 'update_paths')) {
    const sender = toLeafIndex(number(entry, 'sender'));
    const path = whole(decodeUpdatePath, bytes(entry, 'update_path'));
    const after = await applyUpdatePath(tree, sender, path, cs.hash);
    same(await treeHashRoot(after, cs.hash), bytes(entry, 'tree_hash_after'));
    const signer = list(vector, 'leaves_private').find((leaf) => number(leaf, 'index') === sender);
    const [madeTree, madePath, madeSecrets] = await createUpdatePath(
      tree,
      sender,
      context,
      bytes(signer ?? null, 'signature_priv'),
      cs,
    );
    const top = madeSecrets[0];
    ok(top);
    for (const [index, own] of paths) {
      if (index === sender) continue;
      const follow = async (updated: typeof tree, its: typeof path) => {
        // The path is sealed for the next group state except its epoch, which the caller of `createUpdatePath` advances.
        const gc = {
          ...context,
          treeHash: await treeHashRoot(updated, cs.hash),
          epoch: updated === after ? context.epoch : context.epoch + 1n,
        };
        const { nodeIndex, pathSecret } = await applyUpdatePathSecret(tree, own, sender, gc, its, [], cs);
        const secrets = await pathToRoot(updated, nodeIndex, pathSecret, cs.kdf);
        const last = secrets[root((updated.length + 1) / 2)];
        ok(last);
        return {
          pathSecret,
          commitSecret: await getCommitSecret(updated, root((updated.length + 1) / 2), last, cs.kdf),
        };
      };
      const followed = await follow(after, path);
      same(followed.pathSecret, bytes(entry, 'path_secrets', index));
      same(followed.commitSecret, bytes(entry, 'commit_secret'));
      const made = await follow(madeTree, madePath);
      same(made.commitSecret, await getCommitSecret(madeTree, toNodeIndex(top.nodeIndex), top.secret, cs.kdf));
    }
  }
}
