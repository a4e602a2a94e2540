/** Parts of MLS messages (RFC 9420, section 6) that are readable without a key. */
import { decodeMlsMessage, encodeMlsMessage, type MLSMessage } from 'ts-mls';
import { CordonError, isCordonError } from '../errors.ts';
import type { Peeked } from './terms.ts';

/** Parses an MLS message. Throws `message_malformed` for other bytes, trailing bytes, or an encoding that is not the shortest one. */
export function readMlsMessage(bytes: Uint8Array): MLSMessage {
  let message: MLSMessage | undefined;
  try {
    message = decodeMlsMessage(bytes, 0)?.[0];
  } catch (cause) {
    throw malformed('it is cut off', cause);
  }
  if (!message) throw malformed('its kind is unknown');
  if (!isEqual(encodeMlsMessage(message), bytes)) throw malformed('its encoding is not the standard one');
  return message;
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Conversation identifier of an MLS group id: 16 bytes in base64url. */
export function conversationOfGroup(groupId: Uint8Array): string {
  if (groupId.length !== 16) throw malformed('its group id is not a conversation identifier');
  return groupId.toBase64({ alphabet: 'base64url', omitPadding: true });
}

/**
 * Returns the encrypted MLS message (PrivateMessage) in the given bytes, which is a message content or a commit. Refuses unencrypted
 * messages and single proposals. Throws `message_malformed` or `commit_refused`.
 */
export function readPrivateMessage(bytes: Uint8Array) {
  const message = readMlsMessage(bytes);
  if (message.wireformat === 'mls_public_message') {
    // A PublicMessage is refused. It would be a commit or proposal of a sender that is not a member (RFC 9420, section 6.2), or an
    // unencrypted message of a member.
    throw new CordonError('commit_refused', 'Only members can change a conversation, and only by sealed messages.');
  }
  if (message.wireformat !== 'mls_private_message') throw malformed('it is neither a content nor a commit');
  const { privateMessage } = message;
  if (privateMessage.contentType === 'proposal') {
    throw new CordonError('commit_refused', 'A proposal must be part of a commit.');
  }
  if (privateMessage.authenticatedData.length > 0) throw malformed('it contains unencrypted data');
  return privateMessage;
}

export function readWelcome(bytes: Uint8Array) {
  const message = readMlsMessage(bytes);
  if (message.wireformat !== 'mls_welcome') throw malformed('it is not a welcome');
  return message.welcome;
}

export function peek(bytes: Uint8Array): Peeked {
  const message = readMlsMessage(bytes);
  if (message.wireformat === 'mls_welcome') {
    return { type: 'welcome', references: message.welcome.secrets.map(({ newMember }) => newMember.toHex()) };
  }
  const { contentType, groupId, epoch } = readPrivateMessage(bytes);
  return {
    type: contentType === 'commit' ? 'commit' : 'content',
    conversation: conversationOfGroup(groupId),
    epoch: Number(epoch),
  };
}

/** Unverified conversation identifier in the first bytes of a message, which may be cut off or changed. */
export function namedConversation(bytes: Uint8Array): string | null {
  // Header of an MLS 1.0 PrivateMessage with a group id of 16 bytes (RFC 9420, sections 6 and 6.3).
  const beginning = [0, 1, 0, 2, 16];
  const end = beginning.length + 16;
  if (bytes.length < end || !beginning.every((byte, at) => bytes[at] === byte)) return null;
  return conversationOfGroup(bytes.subarray(beginning.length, end));
}

function malformed(why: string, cause?: unknown): CordonError {
  if (isCordonError(cause)) return cause;
  return new CordonError('message_malformed', `This is not a valid sealed message: ${why}.`, {}, cause);
}
