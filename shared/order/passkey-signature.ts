/** Verification of a passkey's signature under Node. `web-passkey-signature.ts` is the version for browsers. */
import { hash, type KeyObject, verify as verifyBytes } from 'node:crypto';
import { assertionFits, readAssertion, signedBytes } from './passkey-assertion.ts';

const sha256 = (bytes: Uint8Array | string): Buffer => hash('sha256', bytes, 'buffer');

/** Whether `signature` is an assertion by the passkey over exactly the given bytes. `key`: an Ed25519 or P-256 public key. */
export function verifyPasskey(
  { key, rpId }: { readonly key: KeyObject; readonly rpId: string },
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  const assertion = readAssertion(signature);
  if (!assertion) return false;
  if (!assertionFits(assertion, { challenge: sha256(bytes), rpId, rpIdHash: sha256(rpId) })) return false;
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return verifyBytes(digest, signedBytes(assertion, sha256(assertion.clientDataJSON)), key, assertion.signature);
}
