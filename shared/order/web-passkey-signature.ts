/** Verification of a passkey's signature in a browser, over WebCrypto. `passkey-signature.ts` is the version for Node. */
import { assertionFits, readAssertion, signedBytes } from './passkey-assertion.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const sha256 = async (bytes: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

/** Whether `signature` is an assertion by the passkey over exactly the given bytes. `spki`: DER of an Ed25519 or P-256 public key. */
export async function webVerifyPasskey(
  { spki, rpId }: { readonly spki: Bytes; readonly rpId: string },
  bytes: Bytes,
  signature: Uint8Array,
): Promise<boolean> {
  const assertion = readAssertion(signature);
  if (!assertion) return false;
  const [challenge, rpIdHash, clientDataHash] = await Promise.all([
    sha256(bytes),
    sha256(new TextEncoder().encode(rpId)),
    sha256(assertion.clientDataJSON),
  ]);
  if (!assertionFits(assertion, { challenge, rpId, rpIdHash })) return false;
  const signed = signedBytes(assertion, clientDataHash);
  const { subtle } = crypto;
  if (spki.length === ED25519_SPKI_BYTES) {
    const key = await subtle.importKey('spki', spki, 'Ed25519', false, ['verify']);
    return subtle.verify('Ed25519', key, assertion.signature, signed);
  }
  const raw = rawSignature(assertion.signature);
  if (raw === null) return false;
  const key = await subtle.importKey('spki', spki, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  return subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, raw, signed);
}

/** Length of an Ed25519 SubjectPublicKeyInfo in DER (RFC 8410). That of a P-256 key is 91 bytes. */
const ED25519_SPKI_BYTES = 44;

/**
 * ECDSA signature as `r || s` from the DER encoding that passkeys use (RFC 3279, section 2.2.3), because WebCrypto accepts only `r || s`.
 * Null for other encodings than the shortest one.
 */
export function rawSignature(der: Uint8Array): Bytes | null {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const raw = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1] ?? 0;
    const value = der.subarray(at + 2, at + 2 + length);
    const padded = value[0] === 0;
    const shortest = padded ? (value[1] ?? 0) >= 0x80 : (value[0] ?? 0x80) < 0x80;
    const digits = padded ? value.subarray(1) : value;
    if (der[at] !== 0x02 || value.length !== length || !shortest || digits.length > 32) return null;
    raw.set(digits, end - digits.length);
    at += 2 + length;
  }
  return at === der.length ? raw : null;
}
