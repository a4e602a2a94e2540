/** Signatures over documents of the disclosure desk. The same keys sign orders (`shared/order/dsse.ts`). */
import { CordonError } from '../errors.ts';
import { hasSigned, readPublicKey, type Signer } from '../order/dsse.ts';
import { pae } from '../order/pae.ts';

/**
 * Throws `approval_invalid` unless the key signed exactly the payload. `publicKey`: SubjectPublicKeyInfo in base64. `rpId`: relying party id
 * of a passkey; null for any other key.
 */
export function requireSignature(
  payloadType: string,
  payload: string,
  {
    publicKey,
    rpId,
    keyid,
    sig,
  }: { readonly publicKey: string; readonly rpId: string | null; readonly keyid: string; readonly sig: string },
): void {
  const key = readPublicKey(publicKey);
  const valid =
    key.keyid === keyid &&
    hasSigned({ ...key, rpId: rpId ?? undefined }, pae(payloadType, Buffer.from(payload)), Buffer.from(sig, 'base64'));
  if (valid) return;
  throw new CordonError(
    'approval_invalid',
    'The signature is not over the exact bytes of this text. Sign the newest text again.',
    {
      keyid,
    },
  );
}

/** Signature over exactly the bytes that the server showed (`payload`), in base64. */
export function signDocument(key: Signer, payloadType: string, payload: string): string {
  return key.sign(pae(payloadType, Buffer.from(payload))).toString('base64');
}
