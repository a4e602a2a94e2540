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
  // The PKCS#8 form of an Ed25519 key without attributes ends with the seed (RFC 8410, section 7).
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', made.privateKey));
  const privateKey = pkcs8.slice(-SEED);
  pkcs8.fill(0);
  return { publicKey: publicKey.toBase64(), privateKey };
}

/** PKCS#8 of an Ed25519 key without attributes, up to the seed (RFC 8410, section 7). */
const PKCS8 = Uint8Array.fromHex('302e020100300506032b657004220420');

/** Ed25519 signature, base64. `purpose` separates the signatures of one key, so that no signature is valid for another kind of document. */
export async function signFor(purpose: string, key: SigningKey, bytes: Uint8Array): Promise<string> {
  const pkcs8 = new Uint8Array(PKCS8.length + SEED);
  pkcs8.set(PKCS8);
  pkcs8.set(key.privateKey, PKCS8.length);
  const secret = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
  pkcs8.fill(0);
  return new Uint8Array(await crypto.subtle.sign('Ed25519', secret, purposeAndBytes(purpose, bytes))).toBase64();
}

/** Whether `signature` (base64) is from `signFor` with the same purpose and the key pair of `publicKey` (raw, base64). */
export async function isSignedFor(
  purpose: string,
  publicKey: string,
  bytes: Uint8Array,
  signature: string,
): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', Uint8Array.fromBase64(publicKey), 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', key, Uint8Array.fromBase64(signature), purposeAndBytes(purpose, bytes));
}

/** MLS signs bytes that begin with a length and the label `MLS 1.0 ` (RFC 9420, section 5.1.2), so no purpose here may look like that. */
function purposeAndBytes(purpose: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const label = new TextEncoder().encode(`cordon ${purpose}\0`);
  const joined = new Uint8Array(label.length + bytes.length);
  joined.set(label);
  joined.set(bytes, label.length);
  return joined;
}
