/**
 * Conversation: one MLS group (RFC 9420). Each function takes a state as bytes and returns the next state; after an error, the old state
 * stays valid. Callers must store the new state before they send the message, because two messages from one state would use the same key.
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
/** True if this device is a member. After its removal, the device can decrypt only earlier messages. */
export const isMember = (state: Uint8Array): boolean => describe(state).member;

/**
 * Identifier of a new conversation: 16 random bytes in base64url. It never begins with a hyphen, because command lines would read the
 * hyphen as an option.
 */
export function newConversationId(): string {
  const id = conversationOfGroup(crypto.getRandomValues(new Uint8Array(16)));
  return id.startsWith('-') ? newConversationId() : id;
}

/** Creates a conversation at epoch 0, with this device as the only member. */
export async function createConversation(self: Self, conversation: string, now: number): Promise<Uint8Array> {
  const named = conversationIdSchema.safeParse(conversation).success;
  const groupId = named ? Uint8Array.fromBase64(conversation, { alphabet: 'base64url' }) : new Uint8Array(16);
  if (conversationOfGroup(groupId) !== conversation) {
    throw new CordonError('invalid_input', 'A conversation identifier is 16 bytes in base64url.');
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

/** Encrypts a message content. Throws `not_a_member`, `content_malformed` or `too_large`. */
export async function sealContent(state: Uint8Array, content: Content): Promise<Sealed> {
  const padded = encodeContent(content);
  return await withState(state, async (group) => {
    if (!isActive(group)) throw removed();
    // MLS padding is off, because the content already has padding.
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
  readonly add: readonly Uint8Array[];
  /** Leaf indexes of the members to remove. If a member joins again, one commit removes the old leaf and adds the new one. */
  readonly remove: readonly number[];
}

export interface Commit {
  /** Epoch (version of the conversation's keys) that the commit ends. The server accepts one commit for each epoch. */
  readonly epoch: number;
  /**
   * State after the commit. The caller keeps both states until the server has decided, and discards this one if the server accepts a
   * different commit.
   */
  readonly next: Uint8Array;
  readonly commit: Uint8Array;
  /** Welcome message for the new members; null without new members. */
  readonly welcome: Uint8Array | null;
  readonly added: readonly Leaf[];
  readonly removed: readonly Leaf[];
}

/**
 * Commit that adds and removes members. A commit that does neither renews the keys, so that an attacker with old keys loses access (RFC
 * 9420, section 16.6). Throws `conflict` if a device to add is already a member, and `not_found` if a device to remove is not a member.
 * Throws `unverified_member`, `key_package_invalid`, `key_package_expired`, `not_a_member` or `too_large` for other errors.
 */
export async function commitChange(
  state: Uint8Array,
  { add, remove }: Change,
  { now, authenticate }: { readonly now: number; readonly authenticate: Authenticate },
): Promise<Commit> {
  const packages = add.map(openKeyPackage);
  const newcomers: Claim[] = [];
  for (const keyPackage of packages) newcomers.push(await checkKeyPackage(keyPackage, now));
  await Promise.all(newcomers.map((newcomer) => requireAuthentic(newcomer, authenticate)));
  return await withState(state, async (group) => {
    if (!isActive(group)) throw removed();
    const leaving = remove.map((leafIndex) =>
      leavingAt(leafIndex, leafAt(group, leafIndex), group.privatePath.leafIndex),
    );
    const staying = leavesOf(group).filter(({ leafIndex }) => !remove.includes(leafIndex));
    for (const [at, newcomer] of newcomers.entries()) {
      if ([...staying, ...newcomers.slice(at + 1)].some((other) => isSame(newcomer, other))) {
        throw new CordonError('conflict', `${newcomer.device} is already in the conversation.`, { ...newcomer });
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
        // A new member receives the tree only in the welcome message.
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
    throw new CordonError(
      'invalid_input',
      'A device cannot remove itself from a conversation. Ask another member to remove it.',
    );
  }
  if (!leaf) throw new CordonError('not_found', 'The conversation has no member at this position.', { leafIndex });
  return leaf;
}

/** Confirms a claimed identity with `authenticate`. Throws `unverified_member`. */
export async function requireAuthentic(
  { device, generation, signatureKey }: Claim,
  authenticate: Authenticate,
): Promise<void> {
  if (await authenticate({ device, generation, signatureKey })) return;
  const detail = `No certificate confirms the key of ${device} in enrollment ${generation}, so the device cannot join.`;
  throw new CordonError('unverified_member', detail, { device, generation });
}

export function removed(): CordonError {
  return new CordonError('not_a_member', 'This device is no longer in the conversation. Ask a member to add it again.');
}

function withinBounds(message: Uint8Array): Uint8Array {
  if (message.length <= LARGEST_SEALED) return message;
  const detail = `The conversation is too large for this change: ${message.length} bytes, at most ${LARGEST_SEALED} are allowed.`;
  throw new CordonError('too_large', detail);
}
