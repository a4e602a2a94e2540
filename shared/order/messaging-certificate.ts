/**
 * Whose messaging key it is, in three steps: the device says so (signed by the key of its certificate), the server certifies it (an online key of
 * the root), the organisation countersigns it (a key of the root that the server does not hold). The last two sign the same exact bytes, one
 * document, and are told apart by the root alone. Neither counts without the other.
 */
import { CordonError } from '../errors.ts';
import type { Root } from './approvers.ts';
import { encodeCanonical, parseDocument } from './canonical.ts';
import { sha256 } from './digest.ts';
import {
  type Envelope,
  type MessagingCertificate,
  type MessagingKey,
  messagingCertificateSchema,
  messagingKeySchema,
  PAYLOAD_TYPES,
} from './documents.ts';
import { payloadOf, type Signer, signEnvelope, signedBy, type VerifyingKey, verifySignature } from './dsse.ts';
import { pae } from './pae.ts';

/** A device's word about its own key, in an envelope. `signer`: the key of its certificate. */
export function signMessagingKey(document: MessagingKey, signer: Signer): Envelope {
  return signEnvelope(PAYLOAD_TYPES.messagingKey, encodeCanonical(document), [signer]);
}

/** `key`: that of the device's certificate. Throws `signature_invalid`, `document_malformed`, `document_wrong_type`. */
export function readMessagingKey(envelope: Envelope, key: VerifyingKey): MessagingKey {
  const document = parseDocument(messagingKeySchema, payloadOf(envelope, PAYLOAD_TYPES.messagingKey));
  if (signedBy(envelope, [key]).size > 0) return document;
  throw new CordonError('signature_invalid', 'The messaging key is not signed by the key of the device’s certificate.');
}

/** The server's certificate, which waits for the organisation's signature. */
export function certifyMessagingKey(document: MessagingCertificate, online: Signer): Envelope {
  return signEnvelope(PAYLOAD_TYPES.messagingCertificate, encodeCanonical(document), [online]);
}

export interface NamedCertificate {
  readonly certificate: MessagingCertificate;
  /** SHA-256 of the payload: what the leaves name. */
  readonly digest: string;
}

/** Reads it and checks that it makes sense in itself. Says nothing of who signed it. */
export function readMessagingCertificate(payload: Uint8Array): NamedCertificate {
  const certificate = parseDocument(messagingCertificateSchema, payload);
  return { certificate, digest: sha256(payload) };
}

export interface JudgedCertificate extends NamedCertificate {
  /** Online keys, and organisation keys, of this root that have signed it. */
  readonly certifiedBy: ReadonlySet<string>;
  readonly countersignedBy: ReadonlySet<string>;
}

/** Under one root: a member's has keys in both sets. */
export function judgeMessagingCertificate(
  envelope: Envelope,
  root: Pick<Root, 'onlineKeys' | 'organisationKeys'>,
): JudgedCertificate {
  return {
    ...readMessagingCertificate(payloadOf(envelope, PAYLOAD_TYPES.messagingCertificate)),
    certifiedBy: signedBy(envelope, root.onlineKeys),
    countersignedBy: signedBy(envelope, root.organisationKeys),
  };
}

/** What a countersignature is: base64, over the exact bytes of one certificate. `payload` is what the server showed. */
export function countersignCertificate(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.messagingCertificate, Buffer.from(payload))).toString('base64');
}

export function isCountersignature(payload: string, key: VerifyingKey, signature: string): boolean {
  const bytes = pae(PAYLOAD_TYPES.messagingCertificate, Buffer.from(payload));
  return verifySignature(key.key, bytes, Buffer.from(signature, 'base64'));
}
