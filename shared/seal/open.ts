/**
 * Decryption of a conversation's messages. ts-mls reports all failures with the same kind of error. The checks here distinguish late,
 * repeated and copied messages, because users must see the difference.
 */
import { type ClientState, emptyPskIndex, type PrivateMessage, processPrivateMessage, zeroOutUint8Array } from 'ts-mls';
import { applyProposals } from 'ts-mls/clientState.js';
import { unprotectPrivateMessage } from 'ts-mls/messageProtection.js';
import { decryptSenderData } from 'ts-mls/privateMessage.js';
import { leafToNodeIndex, toLeafIndex } from 'ts-mls/treemath.js';
import { CordonError, isCordonError } from '../errors.ts';
import { type Content, decodeContent } from './content.ts';
import { removed, requireAuthentic } from './conversation.ts';
import { claimOf } from './credential.ts';
import { checkKeyPackage, isPlainLeaf } from './key-package.ts';
import { conversationOfGroup, isEqual, readPrivateMessage } from './message.ts';
import { encodeState, isActive, leafAt, leavesOf, withState } from './state.ts';
import { clientConfig, isSame, LARGEST_GAP, suite } from './suite.ts';
import type { Authenticate, Claim, Leaf } from './terms.ts';
import { checkTree } from './tree.ts';

export type Opened =
  | {
      readonly type: 'content';
      readonly state: Uint8Array;
      readonly from: Leaf;
      readonly epoch: number;
      readonly content: Content;
    }
  | {
      readonly type: 'commit';
      readonly state: Uint8Array;
      readonly by: Leaf;
      readonly epoch: number;
      readonly added: readonly Leaf[];
      readonly removed: readonly Leaf[];
      /** True if the commit removed this device. `state` can then decrypt only earlier messages. */
      readonly selfRemoved: boolean;
    };

/**
 * Decrypts a message and returns the next state. If the function throws an error, the old state stays valid:
 * - `message_malformed`: the bytes are no message. `message_damaged`: the message was changed.
 * - `conversation_other`: the message belongs to another conversation.
 * - `epoch_past`, `epoch_ahead`: the message belongs to an ended or a future epoch (version of the conversation's keys).
 * - `message_replayed`: the message was decrypted before, or is so late that its key is deleted.
 * - `message_gap`: too many earlier messages are missing.
 * - `state_copied`: this device's key signed the message, but this state did not encrypt it. The state was copied, or restored from a copy.
 * - `not_a_member`: the device was removed.
 * - `content_malformed`: the content is invalid. `content_unknown`: only newer agents know the kind of content.
 * - `unverified_member`: the commit adds a member that `authenticate` does not confirm.
 * - `commit_refused`: the commit contains a forbidden change.
 */
export async function openMessage(state: Uint8Array, message: Uint8Array, authenticate: Authenticate): Promise<Opened> {
  const sealed = readPrivateMessage(message);
  return await withState(state, async (group) => {
    const { leafIndex, secrets } = await findSender(group, sealed);
    const { content, tree, consumed } = await unprotect(group, sealed, secrets);
    if (content.content.contentType === 'application') {
      const from = present(secrets.ratchetTree[leafToNodeIndex(toLeafIndex(leafIndex))], leafIndex);
      const opened: Opened = {
        type: 'content',
        state: encodeState(withSecretTree(group, sealed.epoch, tree)),
        from,
        epoch: Number(sealed.epoch),
        content: decodeContent(content.content.applicationData),
      };
      consumed.forEach(zeroOutUint8Array);
      return opened;
    }
    if (content.content.contentType !== 'commit') throw refused('it is not a commit');
    const by = leafAt(group, leafIndex);
    if (!by) throw damaged();
    return await applyCommit(group, sealed, { by, commit: content.content.commit }, authenticate);
  });
}

type Commit = Extract<
  Awaited<ReturnType<typeof unprotectPrivateMessage>>['content']['content'],
  { contentType: 'commit' }
>['commit'];
type Secrets = Pick<ClientState, 'secretTree' | 'ratchetTree' | 'groupContext'> & {
  readonly senderDataSecret: Uint8Array;
};

function secretsOf(group: ClientState, epoch: bigint): Secrets {
  const current = group.groupContext.epoch;
  const active = isActive(group);
  if (epoch > current) {
    if (!active) throw removed();
    throw new CordonError(
      'epoch_ahead',
      `The message belongs to epoch ${epoch}, and this device is still at epoch ${current}.`,
    );
  }
  if (epoch === current) return { ...group, senderDataSecret: group.keySchedule.senderDataSecret };
  const past = group.historicalReceiverData.get(epoch);
  if (past) return past;
  throw new CordonError(
    'epoch_past',
    `The keys of epoch ${epoch} are deleted: the conversation is at epoch ${current}.`,
  );
}

/** Sender of a message, determined without using up a one-time key. */
async function findSender(group: ClientState, sealed: PrivateMessage) {
  if (!isEqual(sealed.groupId, group.groupContext.groupId)) {
    const there = conversationOfGroup(sealed.groupId);
    throw new CordonError('conversation_other', `The message belongs to another conversation: ${there}.`);
  }
  const secrets = secretsOf(group, sealed.epoch);
  if (sealed.contentType === 'commit') {
    if (!isActive(group)) throw removed();
    if (sealed.epoch < group.groupContext.epoch) {
      throw new CordonError('epoch_past', `Another commit has already ended epoch ${sealed.epoch}.`);
    }
  }
  const sender = await decryptSenderData(sealed, secrets.senderDataSecret, await suite()).catch((cause: unknown) => {
    throw damaged(cause);
  });
  const at = leafToNodeIndex(toLeafIndex(sender?.leafIndex ?? -1));
  const node = secrets.secretTree[at];
  if (!sender || !node || secrets.ratchetTree[at]?.nodeType !== 'leaf') throw damaged();
  const { generation } = sender;
  const ratchet = sealed.contentType === 'application' ? node.application : node.handshake;
  const isOwn = sender.leafIndex === group.privatePath.leafIndex;
  if (generation < ratchet.generation && ratchet.unusedGenerations[generation] === undefined) {
    throw new CordonError(
      'message_replayed',
      'The message was opened before, or arrived so late that its key is deleted.',
    );
  }
  if (isOwn) {
    const detail =
      'Another copy of this device sealed the message. The device’s state was copied or restored from a copy.';
    throw new CordonError('state_copied', detail);
  }
  if (generation - ratchet.generation > LARGEST_GAP) {
    const missing = generation - ratchet.generation;
    const detail = `${missing} earlier messages of the sender are missing, more than allowed.`;
    throw new CordonError('message_gap', detail, { missing });
  }
  return { leafIndex: sender.leafIndex, secrets };
}

async function unprotect(group: ClientState, sealed: PrivateMessage, secrets: Secrets) {
  const { senderDataSecret, secretTree, ratchetTree, groupContext } = secrets;
  const { keyRetentionConfig } = group.clientConfig;
  const cipherSuite = await suite();
  try {
    return await unprotectPrivateMessage(
      senderDataSecret,
      sealed,
      secretTree,
      ratchetTree,
      groupContext,
      keyRetentionConfig,
      cipherSuite,
    );
  } catch (cause) {
    throw damaged(cause);
  }
}

function withSecretTree(group: ClientState, epoch: bigint, secretTree: ClientState['secretTree']): ClientState {
  if (epoch === group.groupContext.epoch) return { ...group, secretTree };
  const past = group.historicalReceiverData.get(epoch);
  if (!past) return group;
  const historicalReceiverData = new Map(group.historicalReceiverData).set(epoch, { ...past, secretTree });
  return { ...group, historicalReceiverData };
}

/** Applies another member's commit. It may contain only additions and removals; ts-mls then verifies it. */
async function applyCommit(
  group: ClientState,
  sealed: PrivateMessage,
  { by, commit }: { readonly by: Leaf; readonly commit: Commit },
  authenticate: Authenticate,
): Promise<Opened> {
  const leaving: number[] = [];
  const newcomers: Claim[] = [];
  for (const item of commit.proposals) {
    if (item.proposalOrRefType !== 'proposal') throw refused('it refers to a proposal that does not exist');
    const { proposal } = item;
    if (proposal.proposalType === 'remove' && 'remove' in proposal) leaving.push(proposal.remove.removed);
    else if (proposal.proposalType === 'add' && 'add' in proposal)
      newcomers.push(await claimOfAdded(proposal.add.keyPackage));
    else throw refused(`proposals of type ${proposal.proposalType} are not allowed`);
  }
  if (commit.path) {
    const claim = claimOf(commit.path.leafNode);
    const same = claim.device === by.device && claim.generation === by.generation;
    if (!same || claim.signatureKey !== by.signatureKey || !isPlainLeaf(commit.path.leafNode)) {
      throw refused(`the identity of ${by.device} would change`);
    }
  }
  await Promise.all(newcomers.map((claim) => requireAuthentic(claim, authenticate)));
  const state = { ...group, clientConfig: clientConfig([...leavesOf(group), ...newcomers]) };
  const selfRemoved = leaving.includes(group.privatePath.leafIndex);
  try {
    const next = selfRemoved ? await leave(state, commit, by) : await follow(state, sealed);
    return {
      type: 'commit',
      state: next.bytes,
      by,
      epoch: Number(sealed.epoch) + 1,
      added: leavesOf(next).filter((leaf) => newcomers.some((one) => isSame(one, leaf))),
      removed: leaving.map((leafIndex) => leafAt(group, leafIndex)).filter((leaf) => leaf !== null),
      selfRemoved,
    };
  } catch (cause) {
    if (isCordonError(cause, 'commit_refused')) throw cause;
    throw refused('it does not match the conversation', cause);
  }
}

async function follow(state: ClientState, sealed: PrivateMessage) {
  const done = await processPrivateMessage(state, sealed, emptyPskIndex, await suite());
  const { ratchetTree } = done.newState;
  if (done.kind !== 'newState' || done.actionTaken !== 'accept' || !isActive(done.newState))
    throw refused('it is not a commit');
  checkTree(ratchetTree);
  const bytes = encodeState(done.newState);
  done.consumed.forEach(zeroOutUint8Array);
  return { bytes, ratchetTree };
}

/**
 * Marks the conversation as left after a commit that removed this device. The epoch does not advance, because the device cannot know the
 * next keys. `processPrivateMessage` of ts-mls is not used, because it overlooks the removal if the same commit gives the leaf to another
 * device.
 */
async function leave(state: ClientState, { proposals, path }: Commit, by: Leaf) {
  if (!path) throw refused('it removes a member without renewing the keys');
  const { tree } = await applyProposals(
    state,
    proposals,
    toLeafIndex(by.leafIndex),
    emptyPskIndex,
    false,
    await suite(),
  );
  checkTree(tree);
  return { bytes: encodeState({ ...state, groupActiveState: { kind: 'removedFromGroup' } }), ratchetTree: tree };
}

async function claimOfAdded(keyPackage: Parameters<typeof checkKeyPackage>[0]): Promise<Claim> {
  try {
    return await checkKeyPackage(keyPackage, null);
  } catch (cause) {
    throw refused('one of its key packages is not valid', cause);
  }
}

function present(node: ClientState['ratchetTree'][number], leafIndex: number): Leaf {
  if (node?.nodeType !== 'leaf') throw damaged();
  return { ...claimOf(node.leaf), leafIndex };
}

function damaged(cause?: unknown): CordonError {
  return new CordonError(
    'message_damaged',
    'The message cannot be decrypted. It was changed in transit or is not for this device.',
    {},
    cause,
  );
}

function refused(why: string, cause?: unknown): CordonError {
  return new CordonError('commit_refused', `The change to the conversation is not allowed: ${why}.`, {}, cause);
}
