/**
 * Approver's Ed25519 key in a browser (WebCrypto), not extractable, so that no script can read or send it. The caller stores the
 * `CryptoKey` in IndexedDB, and shows the bytes before it signs them (`describe-revision.ts`).
 */
import { DISCLOSURE_PAYLOAD_TYPES } from '../disclosure/documents.ts';
import { CordonError } from '../errors.ts';
import { PAYLOAD_TYPES } from './documents.ts';
import { immediateText } from './immediate-effect.ts';
import { pae } from './pae.ts';
import { stubText } from './stub.ts';
import { webSha256 } from './web-digest.ts';

export interface WebApproverKey {
  readonly keyid: string;
  /** SubjectPublicKeyInfo in DER, base64. The approver registers this public key. */
  readonly publicKey: string;
  readonly privateKey: CryptoKey;
}

/** Key with which a person signs in a browser. `sign` returns the signature for an envelope, in base64. */
export interface WebSigner {
  readonly keyid: string;
  sign(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
}

/** Without HTTPS or localhost, a browser does not offer `crypto.subtle`. */
function subtle(): SubtleCrypto {
  if (crypto.subtle === undefined) {
    throw new CordonError(
      'unavailable',
      'The browser signs only on pages over HTTPS or from localhost. Open this page over HTTPS.',
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

/** Imports an existing key from unencrypted PKCS#8 in DER. The stored key is not extractable. */
export async function importWebApproverKey(pkcs8: Uint8Array<ArrayBuffer>): Promise<WebApproverKey> {
  const engine = subtle();
  try {
    const privateKey = await engine.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
    // WebCrypto can derive a public key only from an extractable private key. The extractable copy is discarded at once.
    const readable = await engine.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign']);
    const { x = '' } = await engine.exportKey('jwk', readable);
    const raw = Uint8Array.fromBase64(x, { alphabet: 'base64url' });
    const publicKey = await engine.importKey('raw', raw, 'Ed25519', true, ['verify']);
    return await approverKey(privateKey, publicKey);
  } catch (cause) {
    throw new CordonError(
      'invalid_input',
      'This is not an Ed25519 private key in PKCS#8 (DER). Choose another file.',
      {},
      cause,
    );
  }
}

/** Signature over exactly the bytes that the server showed (`payload`), in base64. */
export async function signRevision(key: AnyKey, payload: string): Promise<string> {
  return await sign(key, PAYLOAD_TYPES.revision, payload);
}

/**
 * Approval of a revision. For a withheld revision, it also contains a signature over the public stub. With `immediate`, the approver also
 * signs that the revision takes effect immediately.
 */
export async function signApproval(
  key: AnyKey,
  payload: string,
  { immediate = false }: { readonly immediate?: boolean } = {},
): Promise<{
  readonly keyid: string;
  readonly signature: string;
  readonly stub?: string;
  readonly immediate?: string;
}> {
  const digest = await webSha256(payload);
  const stub = stubText(payload, digest);
  return {
    keyid: key.keyid,
    signature: await signRevision(key, payload),
    ...(stub !== null && { stub: await sign(key, PAYLOAD_TYPES.stub, stub) }),
    ...(immediate && {
      immediate: await sign(key, PAYLOAD_TYPES.immediateEffect, immediateText(payload, digest)),
    }),
  };
}

export async function signApproverSet(key: AnyKey, payload: string): Promise<string> {
  return await sign(key, PAYLOAD_TYPES.approvers, payload);
}

/** Signature over a text of the disclosure desk: a request, or a transparency statement. */
export async function signDeskText(
  key: AnyKey,
  kind: keyof typeof DISCLOSURE_PAYLOAD_TYPES,
  payload: string,
): Promise<string> {
  return await sign(key, DISCLOSURE_PAYLOAD_TYPES[kind], payload);
}

export async function signPackage(key: AnyKey, payload: string): Promise<string> {
  return await sign(key, PAYLOAD_TYPES.package, payload);
}

export async function signContinuation(key: AnyKey, payload: string): Promise<string> {
  return await sign(key, PAYLOAD_TYPES.ledgerContinuation, payload);
}

export async function signTimeCorrection(key: AnyKey, payload: string): Promise<string> {
  return await sign(key, PAYLOAD_TYPES.timeCorrection, payload);
}

export async function signScript(key: AnyKey, payload: string): Promise<string> {
  return await sign(key, PAYLOAD_TYPES.script, payload);
}

type AnyKey = WebApproverKey | WebSigner;

async function sign(key: AnyKey, payloadType: string, payload: string): Promise<string> {
  const bytes = pae(payloadType, new TextEncoder().encode(payload));
  if ('sign' in key) return key.sign(bytes);
  return new Uint8Array(await subtle().sign('Ed25519', key.privateKey, bytes)).toBase64();
}
