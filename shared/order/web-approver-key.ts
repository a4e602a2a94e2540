/**
 * An approver's key in a browser: Ed25519 over WebCrypto, never extractable, so that no script of the page, ours included, can read it or
 * send it anywhere. It signs the same bytes as a key in a file (`approver-key.ts`). A key is plain data around a `CryptoKey`: whoever calls
 * keeps it, in IndexedDB. Nothing here knows what the bytes mean: show them first (`describe-revision.ts`).
 */
import { CordonError } from '../errors.ts';
import { PAYLOAD_TYPES } from './documents.ts';
import { pae } from './pae.ts';
import { stubText } from './stub.ts';
import { webSha256 } from './web-digest.ts';

export interface WebApproverKey {
  /** SHA-256 of the public key's SubjectPublicKeyInfo in DER, hex. */
  readonly keyid: string;
  /** SubjectPublicKeyInfo, DER, base64: what the approver registers. */
  readonly publicKey: string;
  readonly privateKey: CryptoKey;
}

/** Browsers hide `crypto.subtle` from pages that came over plain HTTP from elsewhere than this machine. */
function subtle(): SubtleCrypto {
  if (crypto.subtle === undefined) {
    throw new CordonError(
      'unavailable',
      'The browser signs on pages over HTTPS or from localhost only: open it there.',
    );
  }
  return crypto.subtle;
}

async function approverKey(privateKey: CryptoKey, publicKey: CryptoKey): Promise<WebApproverKey> {
  const spki = new Uint8Array(await subtle().exportKey('spki', publicKey));
  return { keyid: await webSha256(spki), publicKey: spki.toBase64(), privateKey };
}

export async function createWebApproverKey(): Promise<WebApproverKey> {
  const engine = subtle();
  try {
    const made = await engine.generateKey('Ed25519', false, ['sign', 'verify']);
    if (!('privateKey' in made)) throw new TypeError('Ed25519 keys come in pairs');
    return await approverKey(made.privateKey, made.publicKey);
  } catch (cause) {
    const detail = 'This browser cannot make an Ed25519 key: use a newer one, or `cordon key create`.';
    throw new CordonError('unavailable', detail, {}, cause);
  }
}

/** Takes a key that exists already: PKCS#8 in DER, not encrypted. What is kept of it cannot be read out again. */
export async function importWebApproverKey(pkcs8: Uint8Array<ArrayBuffer>): Promise<WebApproverKey> {
  const engine = subtle();
  try {
    const privateKey = await engine.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
    // WebCrypto gives the public half of a private key in a JWK only, and a JWK of an extractable key only: this one is dropped at once.
    const readable = await engine.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign']);
    const { x = '' } = await engine.exportKey('jwk', readable);
    const raw = Uint8Array.fromBase64(x, { alphabet: 'base64url' });
    const publicKey = await engine.importKey('raw', raw, 'Ed25519', true, ['verify']);
    return await approverKey(privateKey, publicKey);
  } catch (cause) {
    throw new CordonError('invalid_input', 'This is no Ed25519 private key in PKCS#8 (DER).', {}, cause);
  }
}

/** What an approval is: base64 of the signature over the exact bytes of one revision. `payload` is what the server showed. */
export async function signRevision(key: WebApproverKey, payload: string): Promise<string> {
  return await sign(key, PAYLOAD_TYPES.revision, payload);
}

/** One approval as the server takes it: the signature over the revision, and over its stub where it has one. */
export async function signApproval(
  key: WebApproverKey,
  payload: string,
): Promise<{ readonly keyid: string; readonly signature: string; readonly stub?: string }> {
  const stub = stubText(payload, await webSha256(payload));
  return {
    keyid: key.keyid,
    signature: await signRevision(key, payload),
    ...(stub !== null && { stub: await sign(key, PAYLOAD_TYPES.stub, stub) }),
  };
}

/** The same for a root of approvers. */
export async function signRoot(key: WebApproverKey, payload: string): Promise<string> {
  return await sign(key, PAYLOAD_TYPES.approvers, payload);
}

async function sign({ privateKey }: WebApproverKey, payloadType: string, payload: string): Promise<string> {
  const bytes = pae(payloadType, new TextEncoder().encode(payload));
  return new Uint8Array(await subtle().sign('Ed25519', privateKey, bytes)).toBase64();
}
