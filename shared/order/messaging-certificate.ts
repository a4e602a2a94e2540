/**
 * Certification of a messaging key in three steps.
 * - The device signs a statement about its messaging key with the key of its certificate.
 * - The server certifies the messaging key with an online key.
 * - The organization countersigns the same bytes with a key that the server does not have.
 */
import { CordonError } from '../errors.ts';
import type { ApproverSet } from './approvers.ts';
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

/** Signs a device's statement about its messaging key. `signer` must use the key of the device's certificate. */
export function signMessagingKey(document: MessagingKey, signer: Signer): Envelope {
  return signEnvelope(PAYLOAD_TYPES.messagingKey, encodeCanonical(document), [signer]);
}

/**
 * Reads a device's statement about its messaging key and verifies the signature. `key` is the key of the device's certificate. Throws
 * `signature_invalid`, `document_malformed` or `document_wrong_type`.
 */
export function readMessagingKey(envelope: Envelope, key: VerifyingKey): MessagingKey {
  const document = parseDocument(messagingKeySchema, payloadOf(envelope, PAYLOAD_TYPES.messagingKey));
  if (signedBy(envelope, [key]).size > 0) return document;
  throw new CordonError('signature_invalid', 'The messaging key is not signed by the key of the device’s certificate.');
}

/** Signs the certificate with an online key. The organization's countersignature is still missing. */
export function certifyMessagingKey(document: MessagingCertificate, online: Signer): Envelope {
  return signEnvelope(PAYLOAD_TYPES.messagingCertificate, encodeCanonical(document), [online]);
}

export interface NamedCertificate {
  readonly certificate: MessagingCertificate;
  readonly digest: string;
}

/** Parses a certificate without a check of its signatures. */
export function readMessagingCertificate(payload: Uint8Array): NamedCertificate {
  const certificate = parseDocument(messagingCertificateSchema, payload);
  return { certificate, digest: sha256(payload) };
}

export interface JudgedCertificate extends NamedCertificate {
  readonly certifiedBy: ReadonlySet<string>;
  readonly countersignedBy: ReadonlySet<string>;
}

/**
 * Keys of the approver set that signed the certificate, separated into online keys and organization keys. A valid certificate has a
 * signature of each kind.
 */
export function judgeMessagingCertificate(
  envelope: Envelope,
  approverSet: Pick<ApproverSet, 'onlineKeys' | 'organizationKeys'>,
): JudgedCertificate {
  return {
    ...readMessagingCertificate(payloadOf(envelope, PAYLOAD_TYPES.messagingCertificate)),
    certifiedBy: signedBy(envelope, approverSet.onlineKeys),
    countersignedBy: signedBy(envelope, approverSet.organizationKeys),
  };
}

/** Countersignature over exactly the bytes that the server showed (`payload`), in base64. */
export function countersignCertificate(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.messagingCertificate, Buffer.from(payload))).toString('base64');
}

export function isCountersignature(payload: string, key: VerifyingKey, signature: string): boolean {
  const bytes = pae(PAYLOAD_TYPES.messagingCertificate, Buffer.from(payload));
  return verifySignature(key.key, bytes, Buffer.from(signature, 'base64'));
}
