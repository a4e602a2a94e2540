/**
 * Joining of a conversation with a welcome message (RFC 9420, section 12.4.3.1). This module replaces `joinGroup` of ts-mls, which refuses
 * valid trees in which two nodes above an unmerged leaf were renewed at different times. Every conversation of eight devices has such a
 * tree after some time.
 */
import { type ClientState, type GroupInfo, type Welcome, zeroOutUint8Array } from 'ts-mls';
import {
  ratchetTreeFromExtension,
  verifyGroupInfoConfirmationTag,
  verifyGroupInfoSignature,
} from 'ts-mls/groupInfo.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { deriveKeySchedule } from 'ts-mls/keySchedule.js';
import { verifyLeafNodeSignature, verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
import { verifyParentHashes } from 'ts-mls/parentHash.js';
import { pathToRoot } from 'ts-mls/pathSecrets.js';
import { mergePrivateKeyPaths, toPrivateKeyPath } from 'ts-mls/privateKeyPath.js';
import { findLeafIndex } from 'ts-mls/ratchetTree.js';
import { createSecretTree } from 'ts-mls/secretTree.js';
import { treeHashRoot } from 'ts-mls/treeHash.js';
import { leafToNodeIndex, leafWidth, toLeafIndex } from 'ts-mls/treemath.js';
import { firstCommonAncestor } from 'ts-mls/updatePath.js';
import { decryptGroupInfo, decryptGroupSecrets } from 'ts-mls/welcome.js';
import { CordonError, isCordonError } from '../errors.ts';
import { requireAuthentic } from './conversation.ts';
import { isPlainLeaf, type PrivateHalf, readPrivatePackage } from './key-package.ts';
import { conversationOfGroup, isEqual, readWelcome } from './message.ts';
import { encodeState, leafAt, leavesOf } from './state.ts';
import { clientConfig, SUITE, suite } from './suite.ts';
import type { Authenticate, Leaf, Self } from './terms.ts';
import { checkTree } from './tree.ts';

export interface Joined {
  readonly state: Uint8Array;
  readonly conversation: string;
  readonly epoch: number;
  readonly by: Leaf;
  readonly members: readonly Leaf[];
}

/**
 * Joins a conversation with a welcome message. `privatePackage`: private half of a key package whose reference the welcome message
 * contains. Calls `authenticate` for every other member. Throws `welcome_invalid`, `unverified_member`, `key_package_invalid` or
 * `message_malformed`.
 */
export async function joinConversation(
  welcome: Uint8Array,
  privatePackage: Uint8Array,
  self: Self,
  authenticate: Authenticate,
): Promise<Joined> {
  const sealed = readWelcome(welcome);
  const half = readPrivatePackage(privatePackage, self);
  let joined: Joined;
  let others: readonly Leaf[];
  try {
    const { state, by } = await join(sealed, half);
    const members = leavesOf(state);
    const own = leafAt(state, state.privatePath.leafIndex);
    if (own?.device !== self.device || own.generation !== self.generation || own.signatureKey !== self.key.publicKey) {
      throw invalid('the key package belongs to another enrollment');
    }
    others = members.filter(({ leafIndex }) => leafIndex !== own.leafIndex);
    joined = {
      state: encodeState(state),
      conversation: conversationOfGroup(state.groupContext.groupId),
      epoch: Number(state.groupContext.epoch),
      by,
      members,
    };
  } catch (cause) {
    if (isCordonError(cause) && cause.code !== 'message_malformed' && cause.code !== 'commit_refused') throw cause;
    throw invalid('it was changed in transit, or its conversation is invalid', cause);
  }
  // An error in `authenticate` says nothing about the welcome message, so it is thrown unchanged. All calls start together, so that the
  // caller can combine them into one request.
  await Promise.all(others.map((member) => requireAuthentic(member, authenticate)));
  return joined;
}

async function join(welcome: Welcome, { keyPackage, keys }: PrivateHalf): Promise<{ state: ClientState; by: Leaf }> {
  const cs = await suite();
  const reference = await makeKeyPackageRef(keyPackage, cs.hash);
  if (welcome.cipherSuite !== SUITE || !welcome.secrets.some(({ newMember }) => isEqual(newMember, reference))) {
    throw invalid('it names other key packages');
  }
  const init = await cs.hpke.importPrivateKey(keys.initPrivateKey);
  const secrets = await decryptGroupSecrets(init, reference, welcome, cs.hpke);
  if (!secrets || secrets.psks.length > 0) throw invalid('its secrets do not match');
  // Pre-shared keys (RFC 9420, section 8.4) are not used.
  const psk = new Uint8Array(cs.kdf.size);
  const info = await decryptGroupInfo(welcome, secrets.joinerSecret, psk, cs);
  const tree = info && ratchetTreeFromExtension(info);
  if (!info || !tree) throw invalid('it does not contain the ratchet tree');
  const by = leafAt({ ratchetTree: tree }, info.signer);
  if (!by) throw invalid('it has no signer in the tree');
  await checkGroup(info, tree);
  if (!(await verifyGroupInfoSignature(info, Uint8Array.fromBase64(by.signatureKey), cs.signature))) {
    throw invalid('its signature is not valid');
  }
  if (!(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, psk, cs))) {
    throw invalid('its confirmation tag does not match');
  }
  const leafIndex = findLeafIndex(tree, keyPackage.leafNode);
  if (leafIndex === undefined || leafIndex === by.leafIndex)
    throw invalid('the ratchet tree does not contain this device');
  const own = { leafIndex, privateKeys: { [leafToNodeIndex(leafIndex)]: keys.hpkePrivateKey } };
  const path =
    secrets.pathSecret &&
    (await pathToRoot(
      tree,
      firstCommonAncestor(tree, leafIndex, toLeafIndex(by.leafIndex)),
      secrets.pathSecret,
      cs.kdf,
    ));
  const privatePath = path ? mergePrivateKeyPaths(await toPrivateKeyPath(path, leafIndex, cs), own) : own;
  const [keySchedule, encryption] = await deriveKeySchedule(secrets.joinerSecret, psk, info.groupContext, cs.kdf);
  const secretTree = await createSecretTree(leafWidth(tree.length), encryption, cs.kdf);
  zeroOutUint8Array(encryption);
  zeroOutUint8Array(secrets.joinerSecret);
  const state: ClientState = {
    groupContext: info.groupContext,
    ratchetTree: tree,
    privatePath,
    signaturePrivateKey: keys.signaturePrivateKey,
    confirmationTag: info.confirmationTag,
    unappliedProposals: {},
    keySchedule,
    secretTree,
    historicalReceiverData: new Map(),
    groupActiveState: { kind: 'active' },
    clientConfig: clientConfig([]),
  };
  return { state, by };
}

/** Compares the tree with the hash in the group context, and the data of each leaf with the leaf's position. */
async function checkGroup({ groupContext }: GroupInfo, tree: ClientState['ratchetTree']): Promise<void> {
  const { hash, signature } = await suite();
  if (groupContext.cipherSuite !== SUITE || groupContext.version !== 'mls10' || groupContext.extensions.length > 0) {
    throw invalid('its cipher suite or extensions are not supported');
  }
  checkTree(tree);
  for (const [at, node] of tree.entries()) {
    if (node?.nodeType !== 'leaf') continue;
    const { leaf } = node;
    const signed =
      'lifetime' in leaf
        ? await verifyLeafNodeSignatureKeyPackage(leaf, signature)
        : await verifyLeafNodeSignature(leaf, groupContext.groupId, at / 2, signature);
    if (!signed || !isPlainLeaf(leaf)) throw invalid('a leaf of the ratchet tree has no valid signature');
  }
  const sound = await verifyParentHashes(tree, hash);
  if (!sound || !isEqual(await treeHashRoot(tree, hash), groupContext.treeHash))
    throw invalid('its ratchet tree does not match the group');
}

function invalid(why: string, cause?: unknown): CordonError {
  return new CordonError('welcome_invalid', `This device cannot join by the welcome: ${why}.`, {}, cause);
}
