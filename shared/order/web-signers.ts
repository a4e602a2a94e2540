/** Verification of a document's signers in a browser, over WebCrypto. Devices and servers use `approvers.ts` and `dsse.ts`. */
import type { Approvers } from './documents.ts';
import { pae } from './pae.ts';
import { webVerifyPasskey } from './web-passkey-signature.ts';

/** Returns the people of an approver set whose Ed25519 keys or passkeys signed exactly the given payload. A person with two keys is included once. */
export async function webSigners(
  payloadType: string,
  payload: string,
  signatures: readonly { readonly keyid: string; readonly sig: string }[],
  { approvers }: Pick<Approvers, 'approvers'>,
): Promise<ReadonlySet<string>> {
  const bytes = new Uint8Array(pae(payloadType, new TextEncoder().encode(payload)));
  const people = new Set<string>();
  for (const { keyid, sig } of signatures) {
    const approver = approvers.find((each) => each.keyid === keyid);
    if (approver && (await hasSigned(approver, sig, bytes))) people.add(approver.person);
  }
  return people;
}

/** Whether the key signed the text. False for a P-256 key that is no passkey, because browsers sign only with Ed25519 and passkeys. */
async function hasSigned(
  { publicKey, rpId }: Approvers['approvers'][number],
  sig: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  try {
    const [spki, signature] = [Uint8Array.fromBase64(publicKey), Uint8Array.fromBase64(sig)];
    if (rpId !== undefined) return await webVerifyPasskey({ spki, rpId }, bytes, signature);
    const key = await crypto.subtle.importKey('spki', spki, 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', key, signature, bytes);
  } catch {
    return false;
  }
}
