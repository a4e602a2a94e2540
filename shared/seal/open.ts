/**
 * Opens what comes in a conversation. What can go wrong is told apart before ts-mls is asked, which knows one kind of error: whether something comes
 * late, twice or from a copy of a device is what people must hear.
 */
import { type ClientState, emptyPskIndex, type PrivateMessage, processPrivateMessage, zeroOutUint8Array } from 'ts-mls';
import { applyProposals } from 'ts-mls/clientState.js';
import { unprotectPrivateMessage } from 'ts-mls/messageProtection.js';
import { decryptSenderData } from 'ts-mls/privateMessage.js';
import { leafToNodeIndex, toLeafIndex } from 'ts-mls/treemath.js';
import { CordonError, isCordonError } from '../errors.ts';
import { type Content, decodeContent } from './content.ts';
import { removed, vouch } from './conversation.ts';
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
      /** In which it was sealed. */
      readonly epoch: number;
      readonly content: Content;
    }
  | {
      readonly type: 'commit';
      readonly state: Uint8Array;
      readonly by: Leaf;
      /** The one that begins with it. */
      readonly epoch: number;
      readonly added: readonly Leaf[];
      readonly removed: readonly Leaf[];
      /** It removed this device: `state` opens what was sealed before, and nothing new. */
      readonly selfRemoved: boolean;
    };

/**
 * Throws, with the state as it was:
 * `message_malformed`, `message_damaged`: it is no message, or was changed on its way;
 * `conversation_other`, `epoch_past`, `epoch_ahead`: it is for another conversation, one that has moved on, or one that has not come so far here;
 * `message_replayed`: it was opened before, or came so late that its key is gone; `message_gap`: more are missing than can be passed over;
 * `state_copied`: it is by this very device, which has not sealed it: its state was copied, or restored from a copy;
 * `not_a_member`: this device was removed; `content_malformed`, `content_unknown`;
 * `ghost_member`: it would bring in somebody whom nobody vouches for; `commit_refused`: it changes what nobody may change.
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
    if (content.content.contentType !== 'commit') throw refused('it is no commit');
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
    throw new CordonError('epoch_ahead', `The message is of epoch ${epoch}, and this device has come to ${current}.`);
  }
  if (epoch === current) return { ...group, senderDataSecret: group.keySchedule.senderDataSecret };
  const past = group.historicalReceiverData.get(epoch);
  if (past) return past;
  throw new CordonError('epoch_past', `The keys of epoch ${epoch} are gone: the conversation is at ${current}.`);
}

/** Who sealed it, before anything is decrypted with keys that serve once. */
async function findSender(group: ClientState, sealed: PrivateMessage) {
  if (!isEqual(sealed.groupId, group.groupContext.groupId)) {
    const there = conversationOfGroup(sealed.groupId);
    throw new CordonError('conversation_other', `The message is of another conversation: ${there}.`);
  }
  const secrets = secretsOf(group, sealed.epoch);
  if (sealed.contentType === 'commit') {
    if (!isActive(group)) throw removed();
    if (sealed.epoch < group.groupContext.epoch) {
      throw new CordonError('epoch_past', `Another commit has followed on epoch ${sealed.epoch} already.`);
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
    throw new CordonError('message_replayed', 'The message was opened before, or came so late that its key is gone.');
  }
  if (isOwn) {
    const detail = 'Another copy of this device has sealed the message: its state was copied or restored.';
    throw new CordonError('state_copied', detail);
  }
  if (generation - ratchet.generation > LARGEST_GAP) {
    const missing = generation - ratchet.generation;
    const detail = `${missing} messages of the sender are missing before this one, more than can be passed over.`;
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

/** Adds and removals by somebody who is in it, and nothing else that MLS knows; then ts-mls checks and applies it. */
async function applyCommit(
  group: ClientState,
  sealed: PrivateMessage,
  { by, commit }: { readonly by: Leaf; readonly commit: Commit },
  authenticate: Authenticate,
): Promise<Opened> {
  const leaving: number[] = [];
  const newcomers: Claim[] = [];
  for (const given of commit.proposals) {
    if (given.proposalOrRefType !== 'proposal') throw refused('it takes up a proposal that nobody has made');
    const { proposal } = given;
    if (proposal.proposalType === 'remove' && 'remove' in proposal) leaving.push(proposal.remove.removed);
    else if (proposal.proposalType === 'add' && 'add' in proposal)
      newcomers.push(await newcomer(proposal.add.keyPackage));
    else throw refused(`${proposal.proposalType} is nothing that members do here`);
  }
  if (commit.path) {
    const claim = claimOf(commit.path.leafNode);
    const same = claim.device === by.device && claim.generation === by.generation;
    if (!same || claim.signatureKey !== by.signatureKey || !isPlainLeaf(commit.path.leafNode)) {
      throw refused(`${by.device} would become somebody else`);
    }
  }
  await Promise.all(newcomers.map((claim) => vouch(claim, authenticate)));
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
    throw refused('it does not fit the conversation', cause);
  }
}

async function follow(state: ClientState, sealed: PrivateMessage) {
  const done = await processPrivateMessage(state, sealed, emptyPskIndex, await suite());
  const { ratchetTree } = done.newState;
  if (done.kind !== 'newState' || done.actionTaken !== 'accept' || !isActive(done.newState))
    throw refused('it is no commit');
  checkTree(ratchetTree);
  const bytes = encodeState(done.newState);
  done.consumed.forEach(zeroOutUint8Array);
  return { bytes, ratchetTree };
}

/**
 * Whoever is removed cannot know the keys of the next epoch: the state stays where it is, marked. Not by ts-mls, which does not see that it was
 * removed when somebody else has come to its place in the same commit.
 */
async function leave(state: ClientState, { proposals, path }: Commit, by: Leaf) {
  if (!path) throw refused('it removes somebody without new keys');
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

async function newcomer(keyPackage: Parameters<typeof checkKeyPackage>[0]): Promise<Claim> {
  try {
    return await checkKeyPackage(keyPackage, null);
  } catch (cause) {
    throw refused('a key package in it is not valid', cause);
  }
}

function present(node: ClientState['ratchetTree'][number], leafIndex: number): Leaf {
  if (node?.nodeType !== 'leaf') throw damaged();
  return { ...claimOf(node.leaf), leafIndex };
}

function damaged(cause?: unknown): CordonError {
  return new CordonError(
    'message_damaged',
    'The message does not open: it was changed on its way, or is not for this device.',
    {},
    cause,
  );
}

function refused(why: string, cause?: unknown): CordonError {
  return new CordonError('commit_refused', `The change to the conversation is not allowed: ${why}.`, {}, cause);
}
