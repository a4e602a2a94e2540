/**
 * State of a conversation as bytes, including its secrets and the signature key. No function writes to the caller's bytes, so the caller
 * can continue with them after an error.
 */
import { type ClientState, decodeGroupState, type EpochReceiverData, encodeGroupState } from 'ts-mls';
import { encode } from 'ts-mls/codec/tlsEncoder.js';
import { decodeEpochReceiverData, epochReceiverDataEncoder } from 'ts-mls/epochReceiverData.js';
import { leafToNodeIndex, toLeafIndex } from 'ts-mls/treemath.js';
import { CordonError } from '../errors.ts';
import { claimOf } from './credential.ts';
import { conversationOfGroup } from './message.ts';
import { clientConfig } from './suite.ts';
import type { Leaf } from './terms.ts';

/** Version of the state's format. It must increase when ts-mls changes its encoding. */
const FORMAT = 1;
const EPOCH = 8;
const LENGTH = 4;

/**
 * Encoded state: the format version, the group without past epochs, and each past epoch with its number. Every part except the version has
 * a length prefix.
 */
export function encodeState(state: ClientState): Uint8Array<ArrayBuffer> {
  const group = encodeGroupState({ ...state, historicalReceiverData: new Map() });
  const past = Array.from(state.historicalReceiverData, ([epoch, keys]) => ({
    epoch,
    keys: asStored.get(keys) ?? encode(epochReceiverDataEncoder)(keys),
  }));
  const size = past.reduce((sum, { keys }) => sum + EPOCH + LENGTH + keys.length, 1 + LENGTH + group.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, FORMAT);
  let at = 1;
  const put = (part: Uint8Array) => {
    view.setUint32(at, part.length);
    bytes.set(part, at + LENGTH);
    at += LENGTH + part.length;
  };
  put(group);
  group.fill(0);
  for (const { epoch, keys } of past) {
    view.setBigUint64(at, epoch);
    at += EPOCH;
    put(keys);
  }
  return bytes;
}

/**
 * Runs `act` on the decoded state. The decoded objects of ts-mls share memory with the input, so the input is a copy that is overwritten
 * with zeros afterward. `act` must not return a decoded object. Throws `conversation_damaged`.
 */
export async function withState<T>(bytes: Uint8Array, act: (state: ClientState) => Promise<T> | T): Promise<T> {
  // `Buffer.slice` is not used, because it would not copy the bytes but share their memory.
  const copy = new Uint8Array(bytes);
  try {
    return await act(decodeState(copy));
  } finally {
    copy.fill(0);
  }
}

export function readState<T>(bytes: Uint8Array, read: (state: ClientState) => T): T {
  const copy = new Uint8Array(bytes);
  try {
    return read(decodeState(copy));
  } finally {
    copy.fill(0);
  }
}

function decodeState(bytes: Uint8Array): ClientState {
  if (bytes[0] !== FORMAT) throw damaged();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    let at = 1;
    const take = () => {
      const from = at + LENGTH;
      at = from + view.getUint32(at);
      if (at > bytes.length) throw damaged();
      return bytes.subarray(from, at);
    };
    const encoded = take();
    const [group, length] = decodeGroupState(encoded, 0) ?? [];
    if (!group || length !== encoded.length) throw damaged();
    const historicalReceiverData = new Map<bigint, EpochReceiverData>();
    while (at < bytes.length) {
      const epoch = view.getBigUint64(at);
      at += EPOCH;
      historicalReceiverData.set(epoch, pastEpoch(take()));
    }
    return { ...group, historicalReceiverData, clientConfig: clientConfig([]) };
  } catch (cause) {
    throw damaged(cause);
  }
}

/** Encoded form of each past epoch, so that an unused epoch is not encoded again. */
const asStored = new WeakMap<EpochReceiverData, Uint8Array>();

/**
 * Past epochs (earlier versions of the conversation's keys) make up most of a state, and few messages belong to them. Therefore each past
 * epoch is decoded on first use.
 */
function pastEpoch(bytes: Uint8Array): EpochReceiverData {
  let decoded: EpochReceiverData | undefined;
  const read = () => {
    decoded ??= decodeEpochReceiverData(bytes, 0)?.[0];
    if (!decoded) throw damaged();
    return decoded;
  };
  const past: EpochReceiverData = {
    get resumptionPsk() {
      return read().resumptionPsk;
    },
    get secretTree() {
      return read().secretTree;
    },
    get ratchetTree() {
      return read().ratchetTree;
    },
    get senderDataSecret() {
      return read().senderDataSecret;
    },
    get groupContext() {
      return read().groupContext;
    },
  };
  asStored.set(past, bytes);
  return past;
}

export function leavesOf({ ratchetTree }: Pick<ClientState, 'ratchetTree'>): Leaf[] {
  return ratchetTree.flatMap((node, at) =>
    node?.nodeType === 'leaf' ? [{ ...claimOf(node.leaf), leafIndex: at / 2 }] : [],
  );
}

/** Member at a leaf index; null for an empty leaf. */
export function leafAt({ ratchetTree }: Pick<ClientState, 'ratchetTree'>, leafIndex: number): Leaf | null {
  const node = ratchetTree[leafToNodeIndex(toLeafIndex(leafIndex))];
  return node?.nodeType === 'leaf' ? { ...claimOf(node.leaf), leafIndex } : null;
}

export const isActive = ({ groupActiveState }: ClientState) => groupActiveState.kind === 'active';

/** Description of a conversation. `member` is false after the removal of this device. */
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
  const detail = 'The stored state of the conversation is damaged. Ask a member to add this device again.';
  return new CordonError('conversation_damaged', detail, {}, cause);
}
