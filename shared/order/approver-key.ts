/**
 * An approver's key as a file: Ed25519 in PKCS#8, encrypted by a passphrase, for `cordon key`. The key never reaches the server:
 * what goes there is a public key and signatures over exact bytes.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CordonError } from '../errors.ts';
import { type Envelope, PAYLOAD_TYPES } from './documents.ts';
import { keyidOf, type Signer, signEnvelope, signerOf } from './dsse.ts';
import { pae } from './pae.ts';

export interface ApproverKey extends Signer {
  /** SubjectPublicKeyInfo, DER, base64: what the approver registers. */
  readonly publicKey: string;
}

/** Guessing a passphrase against OpenSSL's PBKDF2 is cheap, so it has to be long. */
const SHORTEST_PASSPHRASE = 12;

function approverKey(privateKey: KeyObject): ApproverKey {
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { ...signerOf(privateKey), keyid: keyidOf(publicKey), publicKey: der.toString('base64') };
}

/** A new key and the PEM text of its file. */
export function createApproverKey(passphrase: string): { key: ApproverKey; pem: string } {
  if (passphrase.length < SHORTEST_PASSPHRASE) {
    throw new CordonError('invalid_input', `A passphrase needs at least ${SHORTEST_PASSPHRASE} characters.`);
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
  return { key: approverKey(privateKey), pem: pem.toString() };
}

/** Throws `passphrase_wrong`, also for a file that is damaged: OpenSSL cannot tell them apart. */
export function openApproverKey(pem: string, passphrase: string): ApproverKey {
  if (!pem.includes('BEGIN ENCRYPTED PRIVATE KEY')) {
    throw new CordonError('invalid_input', 'This is not an encrypted private key: make one with `cordon key new`.');
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: pem, format: 'pem', passphrase });
  } catch (cause) {
    throw new CordonError('passphrase_wrong', 'The passphrase does not open this key file.', {}, cause);
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw new CordonError('invalid_input', 'An approver signs with Ed25519; this file holds another kind of key.');
  }
  return approverKey(privateKey);
}

/** What an approval is: base64 of the signature over the exact bytes of one revision. `payload` is what the server showed. */
export function approveRevision(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.revision, Buffer.from(payload))).toString('base64');
}

/** The same for a root of approvers. */
export function signRootPayload(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.approvers, Buffer.from(payload))).toString('base64');
}

/** A revision's envelope as it will stand in the list. */
export function revisionEnvelope(payload: string, signers: readonly Signer[]): Envelope {
  return signEnvelope(PAYLOAD_TYPES.revision, Buffer.from(payload), signers);
}
