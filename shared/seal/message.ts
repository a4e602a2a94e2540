/** MLS messages as bytes (RFC 9420, section 6), in their one spelling: what can be read so far without any key. */
import { decodeMlsMessage, encodeMlsMessage, type MLSMessage } from 'ts-mls';
import { CordonError, isCordonError } from '../errors.ts';
import type { Peeked } from './terms.ts';

/** Throws `message_malformed` for what is no MLS message, has something behind it, or could be spelled shorter. */
export function readMlsMessage(bytes: Uint8Array): MLSMessage {
  let message: MLSMessage | undefined;
  try {
    message = decodeMlsMessage(bytes, 0)?.[0];
  } catch (cause) {
    throw malformed('it ends too early', cause);
  }
  if (!message) throw malformed('it is of no known kind');
  if (!isEqual(encodeMlsMessage(message), bytes)) throw malformed('it is not spelled as MLS spells it');
  return message;
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** 16 bytes, base64url: an MLS group id and the name of a conversation are one. */
export function conversationOfGroup(groupId: Uint8Array): string {
  if (groupId.length !== 16) throw malformed('it is of no conversation of ours');
  return groupId.toBase64({ alphabet: 'base64url', omitPadding: true });
}

/** The PrivateMessage of a content or a commit. Throws `message_malformed`, `commit_refused`. */
export function readPrivateMessage(bytes: Uint8Array) {
  const message = readMlsMessage(bytes);
  if (message.wireformat === 'mls_public_message') {
    // So come commits and proposals of whoever is no member (RFC 9420, section 6.2), and open ones of members.
    throw new CordonError('commit_refused', 'Only members change a conversation, and only by sealed messages.');
  }
  if (message.wireformat !== 'mls_private_message') throw malformed('it is neither content nor a commit');
  const { privateMessage } = message;
  if (privateMessage.contentType === 'proposal') {
    throw new CordonError('commit_refused', 'A proposal comes within its commit, not by itself.');
  }
  if (privateMessage.authenticatedData.length > 0) throw malformed('it carries something that is not sealed');
  return privateMessage;
}

export function readWelcome(bytes: Uint8Array) {
  const message = readMlsMessage(bytes);
  if (message.wireformat !== 'mls_welcome') throw malformed('it is no welcome');
  return message.welcome;
}

/** Throws `message_malformed`, `commit_refused` as whoever opens it would. */
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

/** The conversation that its beginning names, when what follows may be cut off or changed: nobody vouches for it. */
export function namedConversation(bytes: Uint8Array): string | null {
  // MLS 1.0, a PrivateMessage, and the 16 bytes of its group id (sections 6 and 6.3).
  const beginning = [0, 1, 0, 2, 16];
  const end = beginning.length + 16;
  if (bytes.length < end || !beginning.every((byte, at) => bytes[at] === byte)) return null;
  return conversationOfGroup(bytes.subarray(beginning.length, end));
}

function malformed(why: string, cause?: unknown): CordonError {
  if (isCordonError(cause)) return cause;
  return new CordonError('message_malformed', `This is no sealed message: ${why}.`, {}, cause);
}
