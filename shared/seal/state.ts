/**
 * A conversation's state as bytes. They hold its secrets, the signature key among them, and all that ts-mls knows but for its configuration, which
 * is given anew at each use. The bytes that somebody hands in are never written to: whoever is refused goes on with them.
 */
import { type ClientState, decodeGroupState, encodeGroupState } from 'ts-mls';
import { leafToNodeIndex, toLeafIndex } from 'ts-mls/treemath.js';
import { CordonError } from '../errors.ts';
import { claimOf } from './credential.ts';
import { conversationOfGroup } from './message.ts';
import { clientConfig } from './suite.ts';
import type { Leaf } from './terms.ts';

/** What another encoding of ts-mls would change. */
const FORMAT = 1;

export function encodeState(state: ClientState): Uint8Array<ArrayBuffer> {
  const encoded = encodeGroupState(state);
  const bytes = new Uint8Array(encoded.length + 1);
  bytes[0] = FORMAT;
  bytes.set(encoded, 1);
  encoded.fill(0);
  return bytes;
}

/**
 * The state while `act` runs on it. What ts-mls decodes are views into its bytes, so they are those of a copy, which is zeroed afterwards: nothing
 * that `act` returns may be such a view. Throws `conversation_damaged`.
 */
export async function withState<T>(bytes: Uint8Array, act: (state: ClientState) => Promise<T> | T): Promise<T> {
  const copy = bytes.slice();
  try {
    return await act(decodeState(copy));
  } finally {
    copy.fill(0);
  }
}

/** The same for what needs no promise. */
export function readState<T>(bytes: Uint8Array, read: (state: ClientState) => T): T {
  const copy = bytes.slice();
  try {
    return read(decodeState(copy));
  } finally {
    copy.fill(0);
  }
}

function decodeState(bytes: Uint8Array): ClientState {
  if (bytes[0] !== FORMAT) throw damaged();
  try {
    const [group, length] = decodeGroupState(bytes, 1) ?? [];
    if (!group || length !== bytes.length - 1) throw damaged();
    const state = { ...group, clientConfig: clientConfig([]) };
    return { ...state, clientConfig: clientConfig(leavesOf(state)) };
  } catch (cause) {
    throw damaged(cause);
  }
}

/** Everybody who is in it, by their place. */
export function leavesOf({ ratchetTree }: Pick<ClientState, 'ratchetTree'>): Leaf[] {
  return ratchetTree.flatMap((node, at) =>
    node?.nodeType === 'leaf' ? [{ ...claimOf(node.leaf), leafIndex: at / 2 }] : [],
  );
}

/** Null for a place where nobody is. */
export function leafAt({ ratchetTree }: Pick<ClientState, 'ratchetTree'>, leafIndex: number): Leaf | null {
  const node = ratchetTree[leafToNodeIndex(toLeafIndex(leafIndex))];
  return node?.nodeType === 'leaf' ? { ...claimOf(node.leaf), leafIndex } : null;
}

export const isActive = ({ groupActiveState }: ClientState) => groupActiveState.kind === 'active';

/** What a state says of its conversation. `member`: false once a commit has removed oneself. */
export function describe(bytes: Uint8Array) {
  return readState(bytes, (state) => ({
    conversation: conversationOfGroup(state.groupContext.groupId),
    epoch: Number(state.groupContext.epoch),
    members: leavesOf(state),
    own: state.privatePath.leafIndex,
    member: isActive(state),
  }));
}

function damaged(cause?: unknown): CordonError {
  const detail = 'The state of the conversation is damaged: ask to be let in again.';
  return new CordonError('conversation_damaged', detail, {}, cause);
}
