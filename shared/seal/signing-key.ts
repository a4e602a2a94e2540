/**
 * Key with which an enrollment signs messages in conversations. The private key never leaves the device. A certificate names the public key
 * (`messagingKey`).
 */
import type { SigningKey } from './terms.ts';

const SEED = 32;

export async function makeSigningKey(): Promise<SigningKey> {
  const made = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  if (!('privateKey' in made)) throw new TypeError('Ed25519 keys come in pairs');
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', made.publicKey));
  // PKCS#8 of an Ed25519 key without attributes ends with the seed (RFC 8410, section 7).
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', made.privateKey));
  const privateKey = pkcs8.slice(-SEED);
  pkcs8.fill(0);
  return { publicKey: publicKey.toBase64(), privateKey };
}
