/**
 * DSSE envelopes (github.com/secure-systems-lab/dsse, v1.0.2) with Ed25519 and ECDSA P-256 signatures, also of passkeys. This module determines which keys
 * signed the exact bytes. `approvers.ts` and `verify-list.ts` check people and thresholds.
 */
import { createPublicKey, type KeyObject, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import { CordonError } from '../errors.ts';
import { sha256 } from './digest.ts';
import { type Envelope, envelopeSchema } from './documents.ts';
import { pae } from './pae.ts';
import { verifyPasskey } from './passkey-signature.ts';

export interface Signer {
  readonly keyid: string;
  /** Signature over exactly the given bytes. For DSSE, these are the bytes from `pae`. */
  sign(bytes: Uint8Array): Buffer;
}

export interface VerifyingKey {
  readonly keyid: string;
  readonly key: KeyObject;
  /** Relying party id of a passkey. A passkey signs an assertion (`passkey-assertion.ts`), every other key the bytes themselves. */
  readonly rpId?: string | undefined;
}

/** DER prefix of a P-256 SubjectPublicKeyInfo (RFC 5480, section 2), up to the curve point. */
const P256_SPKI = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

/** SHA-256 of the key's SubjectPublicKeyInfo in DER, hex. */
export function keyidOf(key: KeyObject): string {
  // The SubjectPublicKeyInfo of a P-256 key is encoded here, because OpenSSL needs 50 µs per key.
  const spki = isP256(key)
    ? Buffer.concat([P256_SPKI, key.export({ format: 'raw-public' })])
    : key.export({ type: 'spki', format: 'der' });
  return sha256(spki);
}

const isP256 = (key: KeyObject): boolean =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';

function digestOf(key: KeyObject): 'sha256' | null {
  if (key.asymmetricKeyType === 'ed25519') return null;
  if (isP256(key)) return 'sha256';
  throw new CordonError(
    'signature_invalid',
    'The key is not an Ed25519 or ECDSA P-256 key. Only these keys sign documents.',
  );
}

/**
 * Public key from base64 SubjectPublicKeyInfo in DER. Other encodings of the same key are refused, so that each key has exactly one
 * identifier.
 */
export function readPublicKey(base64: string): VerifyingKey {
  const der = Buffer.from(base64, 'base64');
  let key: KeyObject;
  try {
    key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new CordonError('document_malformed', 'A public key is not SubjectPublicKeyInfo in DER.', {}, cause);
  }
  digestOf(key);
  if (!key.export({ type: 'spki', format: 'der' }).equals(der) || der.toString('base64') !== base64) {
    throw new CordonError('document_malformed', 'A public key is not in its shortest encoding.');
  }
  return { keyid: sha256(der), key };
}

/** Signer with a private key in memory. ECDSA signatures are in DER. */
export function signerOf(privateKey: KeyObject): Signer {
  const digest = digestOf(privateKey);
  return {
    keyid: keyidOf(createPublicKey(privateKey)),
    sign: (bytes) => signBytes(digest, bytes, privateKey),
  };
}

export function verifySignature(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verifyBytes(digestOf(key), bytes, key, signature);
}

/** Whether the key signed exactly the given bytes. A key with a relying party id must have signed by an assertion, and no other key may. */
export function hasSigned({ key, rpId }: VerifyingKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  return rpId === undefined ? verifySignature(key, bytes, signature) : verifyPasskey({ key, rpId }, bytes, signature);
}

export function signEnvelope(payloadType: string, payload: Uint8Array, signers: readonly Signer[]): Envelope {
  const bytes = pae(payloadType, payload);
  return {
    payloadType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: signers.map((signer) => ({ keyid: signer.keyid, sig: signer.sign(bytes).toString('base64') })),
  };
}

/** Payload bytes of an envelope. An envelope of another type or with irregular base64 is refused. */
export function payloadOf(envelope: Envelope, payloadType: string): Buffer {
  if (envelope.payloadType !== payloadType) {
    throw new CordonError(
      'document_wrong_type',
      `The envelope contains ${envelope.payloadType} instead of ${payloadType}.`,
    );
  }
  const payload = Buffer.from(envelope.payload, 'base64');
  if (payload.toString('base64') !== envelope.payload) {
    throw new CordonError('document_malformed', 'The payload is not canonical base64.');
  }
  return payload;
}

/** Ids of those keys in `keys` that signed the envelope's exact bytes, without duplicates. */
export function signedBy(envelope: Envelope, keys: readonly VerifyingKey[]): ReadonlySet<string> {
  const bytes = pae(envelope.payloadType, Buffer.from(envelope.payload, 'base64'));
  const known = new Map(keys.map((key) => [key.keyid, key]));
  const signers = new Set<string>();
  for (const { keyid, sig } of envelope.signatures) {
    const key = known.get(keyid);
    if (key && !signers.has(keyid) && hasSigned(key, bytes, Buffer.from(sig, 'base64'))) signers.add(keyid);
  }
  return signers;
}

export function parseEnvelope(text: string): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CordonError('document_malformed', 'The envelope is not JSON.', {}, cause);
  }
  const parsed = envelopeSchema.safeParse(value);
  if (!parsed.success) {
    throw new CordonError('document_malformed', 'The envelope is not a DSSE envelope.', {}, parsed.error);
  }
  return parsed.data;
}
