/**
 * File with a signing key of an approver or the organization: Ed25519 in PKCS#8, encrypted with a passphrase. The server never receives a
 * private key.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CordonError } from '../errors.ts';
import { keyidOf, type Signer, signerOf } from './dsse.ts';

export interface FileKey extends Signer {
  readonly publicKey: string;
}

/**
 * Minimum length of a passphrase in characters. A short passphrase is unsafe, because OpenSSL's key derivation (PBKDF2) makes guesses
 * cheap.
 */
const SHORTEST_PASSPHRASE = 12;

function fileKey(privateKey: KeyObject): FileKey {
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { ...signerOf(privateKey), keyid: keyidOf(publicKey), publicKey: der.toString('base64') };
}

export function createKeyFile(passphrase: string): { key: FileKey; pem: string } {
  if (passphrase.length < SHORTEST_PASSPHRASE) {
    throw new CordonError('invalid_input', `A passphrase needs at least ${SHORTEST_PASSPHRASE} characters.`);
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
  return { key: fileKey(privateKey), pem: pem.toString() };
}

/** Decrypts a key file. Throws `passphrase_wrong` also for a damaged file, because OpenSSL cannot distinguish the two causes. */
export function openKeyFile(pem: string, passphrase: string): FileKey {
  if (!pem.includes('BEGIN ENCRYPTED PRIVATE KEY')) {
    throw new CordonError(
      'invalid_input',
      'This is not an encrypted private key. Create one with `cordon key create` or `cordon org-key create`.',
    );
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: pem, format: 'pem', passphrase });
  } catch (cause) {
    throw new CordonError('passphrase_wrong', 'The passphrase is wrong, or the key file is damaged.', {}, cause);
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw new CordonError('invalid_input', 'The key file contains another kind of key than Ed25519.');
  }
  return fileKey(privateKey);
}
