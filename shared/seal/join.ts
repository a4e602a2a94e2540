/**
 * Joins a conversation by a welcome (RFC 9420, section 12.4.3.1). Done here with the parts of ts-mls and not by its `joinGroup`, whose check of the
 * tree refuses trees that are right: those in which two nodes above an unmerged leaf were renewed at different times, as in any conversation of
 * eight devices that lives for a while.
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
import { vouch } from './conversation.ts';
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
  /** Who let this device in. */
  readonly by: Leaf;
  readonly members: readonly Leaf[];
}

/**
 * `privatePackage` is the one of the references that `peek` shows. Asks `authenticate` for every member. Throws `welcome_invalid`, `ghost_member`,
 * `key_package_invalid`, `message_malformed`.
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
      throw invalid('the key package is of another enrolment');
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
    throw invalid('it was changed on its way, or is for a conversation that is not sound', cause);
  }
  // What keeps anybody from vouching is no fault of the welcome's. At once, so that whoever is asked about can be asked about together.
  await Promise.all(others.map((member) => vouch(member, authenticate)));
  return joined;
}

async function join(welcome: Welcome, { keyPackage, keys }: PrivateHalf): Promise<{ state: ClientState; by: Leaf }> {
  const cs = await suite();
  const reference = await makeKeyPackageRef(keyPackage, cs.hash);
  if (welcome.cipherSuite !== SUITE || !welcome.secrets.some(({ newMember }) => isEqual(newMember, reference))) {
    throw invalid('it is for other key packages');
  }
  const init = await cs.hpke.importPrivateKey(keys.initPrivateKey);
  const secrets = await decryptGroupSecrets(init, reference, welcome, cs.hpke);
  if (!secrets || secrets.psks.length > 0) throw invalid('its secrets are not those of a conversation of ours');
  // No pre-shared keys: RFC 9420, section 8.4.
  const psk = new Uint8Array(cs.kdf.size);
  const info = await decryptGroupInfo(welcome, secrets.joinerSecret, psk, cs);
  const tree = info && ratchetTreeFromExtension(info);
  if (!info || !tree) throw invalid('it does not hold the tree');
  const by = leafAt({ ratchetTree: tree }, info.signer);
  if (!by) throw invalid('nobody has signed it');
  await checkGroup(info, tree);
  if (!(await verifyGroupInfoSignature(info, Uint8Array.fromBase64(by.signatureKey), cs.signature))) {
    throw invalid('its signature does not fit');
  }
  if (!(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, psk, cs))) {
    throw invalid('its secrets are not those of the conversation');
  }
  const leafIndex = findLeafIndex(tree, keyPackage.leafNode);
  if (leafIndex === undefined || leafIndex === by.leafIndex) throw invalid('this device is not in the tree');
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

/** The tree is the one that the group has agreed on, and each leaf says of itself that it is there. */
async function checkGroup({ groupContext }: GroupInfo, tree: ClientState['ratchetTree']): Promise<void> {
  const { hash, signature } = await suite();
  if (groupContext.cipherSuite !== SUITE || groupContext.version !== 'mls10' || groupContext.extensions.length > 0) {
    throw invalid('it is for another kind of conversation');
  }
  checkTree(tree);
  for (const [at, node] of tree.entries()) {
    if (node?.nodeType !== 'leaf') continue;
    const { leaf } = node;
    const signed =
      'lifetime' in leaf
        ? await verifyLeafNodeSignatureKeyPackage(leaf, signature)
        : await verifyLeafNodeSignature(leaf, groupContext.groupId, at / 2, signature);
    if (!signed || !isPlainLeaf(leaf)) throw invalid('a member of it has not signed its place');
  }
  const sound = await verifyParentHashes(tree, hash);
  if (!sound || !isEqual(await treeHashRoot(tree, hash), groupContext.treeHash))
    throw invalid('its tree is another one');
}

function invalid(why: string, cause?: unknown): CordonError {
  return new CordonError('welcome_invalid', `The welcome does not let this device in: ${why}.`, {}, cause);
}
