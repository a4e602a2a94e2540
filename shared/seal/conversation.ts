/**
 * A conversation: one MLS group (RFC 9420) over bytes that the caller stores. Each function takes the state as it was and gives the state as it is
 * then; when it refuses, the old one stands. To seal twice from one state would use a key twice: store the new state before the message leaves.
 */
import { createApplicationMessage, createCommit, createGroup, encodeMlsMessage, zeroOutUint8Array } from 'ts-mls';
import { CordonError } from '../errors.ts';
import { conversationIdSchema, LARGEST_SEALED } from '../protocol/frames.ts';
import { type Content, encodeContent } from './content.ts';
import { checkKeyPackage, generateKeyPackage, openKeyPackage } from './key-package.ts';
import { conversationOfGroup } from './message.ts';
import { describe, encodeState, isActive, leafAt, leavesOf, withState } from './state.ts';
import { clientConfig, isSame, suite } from './suite.ts';
import type { Authenticate, Claim, Leaf, Self } from './terms.ts';
import { checkTree } from './tree.ts';

export const conversationOf = (state: Uint8Array): string => describe(state).conversation;
export const epochOf = (state: Uint8Array): number => describe(state).epoch;
export const membersOf = (state: Uint8Array): readonly Leaf[] => describe(state).members;
/** False once somebody's commit has removed this device: what was sealed before can still be opened, nothing else. */
export const isMember = (state: Uint8Array): boolean => describe(state).member;

/** 16 random bytes in base64url. People give it to command lines, which take what begins with a hyphen for an option: it never does. */
export function newConversationId(): string {
  const id = conversationOfGroup(crypto.getRandomValues(new Uint8Array(16)));
  return id.startsWith('-') ? newConversationId() : id;
}

/** With oneself alone in it, at epoch 0. */
export async function createConversation(self: Self, conversation: string, now: number): Promise<Uint8Array> {
  const named = conversationIdSchema.safeParse(conversation).success;
  const groupId = named ? Uint8Array.fromBase64(conversation, { alphabet: 'base64url' }) : new Uint8Array(16);
  if (conversationOfGroup(groupId) !== conversation) {
    throw new CordonError('invalid_input', 'A conversation is named by 16 bytes in base64url.');
  }
  const { publicPackage, privatePackage } = await generateKeyPackage(self, now, false);
  const config = clientConfig([]);
  return encodeState(await createGroup(groupId, publicPackage, privatePackage, [], await suite(), config));
}

export interface Sealed {
  readonly state: Uint8Array;
  readonly message: Uint8Array;
  readonly epoch: number;
}

/** Throws `not_a_member`, `content_malformed`, `too_large`. */
export async function sealContent(state: Uint8Array, content: Content): Promise<Sealed> {
  const padded = encodeContent(content);
  return await withState(state, async (group) => {
    if (!isActive(group)) throw removed();
    // The content is padded by its own buckets, in which every byte more would show.
    const unpadded = { ...group.clientConfig, paddingConfig: { kind: 'padUntilLength', padUntilLength: 0 } as const };
    const made = await createApplicationMessage({ ...group, clientConfig: unpadded }, padded, await suite());
    const { newState, privateMessage, consumed } = made;
    const sealed = {
      state: encodeState(newState),
      message: encodeMlsMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage }),
      epoch: Number(privateMessage.epoch),
    };
    consumed.forEach(zeroOutUint8Array);
    return sealed;
  });
}

export interface Change {
  /** Key packages, one for each enrolment. */
  readonly add: readonly Uint8Array[];
  /** Places of members. Whoever comes back is removed and added in one change. */
  readonly remove: readonly number[];
}

export interface Commit {
  /** The epoch that it leaves: whoever commits first from it, by the server's order, has moved the conversation on. */
  readonly epoch: number;
  /** To be stored beside the old state, and to take its place once the server has accepted the commit; to be dropped when it was superseded. */
  readonly next: Uint8Array;
  readonly commit: Uint8Array;
  /** For those who are added; null without any. */
  readonly welcome: Uint8Array | null;
  readonly added: readonly Leaf[];
  readonly removed: readonly Leaf[];
}

/**
 * Adds and removes members in one step; with neither it renews the keys, so that whoever knew the old ones is shut out again (RFC 9420, section
 * 16.6). Throws `ghost_member`, `key_package_invalid`, `key_package_expired`, `conflict` for who is in it already, `not_found` for who is not,
 * `not_a_member`, `too_large`.
 */
export async function commitChange(
  state: Uint8Array,
  { add, remove }: Change,
  { now, authenticate }: { readonly now: number; readonly authenticate: Authenticate },
): Promise<Commit> {
  const packages = add.map(openKeyPackage);
  const newcomers: Claim[] = [];
  for (const keyPackage of packages) newcomers.push(await checkKeyPackage(keyPackage, now));
  await Promise.all(newcomers.map((newcomer) => vouch(newcomer, authenticate)));
  return await withState(state, async (group) => {
    if (!isActive(group)) throw removed();
    const leaving = remove.map((leafIndex) =>
      leavingAt(leafIndex, leafAt(group, leafIndex), group.privatePath.leafIndex),
    );
    const staying = leavesOf(group).filter(({ leafIndex }) => !remove.includes(leafIndex));
    for (const [at, newcomer] of newcomers.entries()) {
      if ([...staying, ...newcomers.slice(at + 1)].some((other) => isSame(newcomer, other))) {
        throw new CordonError('conflict', `${newcomer.device} is in the conversation already.`, { ...newcomer });
      }
    }
    const made = await createCommit(
      {
        state: { ...group, clientConfig: clientConfig([...leavesOf(group), ...newcomers]) },
        cipherSuite: await suite(),
      },
      {
        extraProposals: [
          ...remove.map((leafIndex) => ({ proposalType: 'remove' as const, remove: { removed: leafIndex } })),
          ...packages.map((keyPackage) => ({ proposalType: 'add' as const, add: { keyPackage } })),
        ],
        // Nothing but its welcome brings a newcomer the tree.
        ratchetTreeExtension: true,
      },
    );
    checkTree(made.newState.ratchetTree);
    const commit = {
      epoch: Number(group.groupContext.epoch),
      next: encodeState(made.newState),
      commit: withinBounds(encodeMlsMessage(made.commit)),
      welcome: made.welcome
        ? withinBounds(encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome: made.welcome }))
        : null,
      added: leavesOf(made.newState).filter((leaf) => newcomers.some((newcomer) => isSame(newcomer, leaf))),
      removed: leaving,
    };
    made.consumed.forEach(zeroOutUint8Array);
    return commit;
  });
}

function leavingAt(leafIndex: number, leaf: Leaf | null, own: number): Leaf {
  if (leafIndex === own) {
    throw new CordonError('invalid_input', 'Nobody removes themselves from a conversation: ask another member to.');
  }
  if (!leaf) throw new CordonError('not_found', 'Nobody is at that place of the conversation.', { leafIndex });
  return leaf;
}

/** Throws `ghost_member` unless somebody vouches for them. */
export async function vouch({ device, generation, signatureKey }: Claim, authenticate: Authenticate): Promise<void> {
  if (await authenticate({ device, generation, signatureKey })) return;
  const detail = `Nobody vouches for ${device} in its enrolment ${generation}: the change that would bring it in is refused.`;
  throw new CordonError('ghost_member', detail, { device, generation });
}

export function removed(): CordonError {
  return new CordonError('not_a_member', 'This device is not in the conversation any more: ask a member to add it.');
}

function withinBounds(message: Uint8Array): Uint8Array {
  if (message.length <= LARGEST_SEALED) return message;
  const detail = `The conversation has grown too large for this change: it would weigh ${message.length} bytes of ${LARGEST_SEALED}.`;
  throw new CordonError('too_large', detail);
}
