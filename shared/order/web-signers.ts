/** Verification of a document's signers in a browser, over WebCrypto. Devices and servers use `approvers.ts` and `dsse.ts`. */
import type { Approvers } from './documents.ts';
import { pae } from './pae.ts';

/** Returns the people of an approver set whose Ed25519 keys signed exactly the given payload. A person with two keys is included once. */
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
    if (approver && (await hasSigned(approver.publicKey, sig, bytes))) people.add(approver.person);
  }
  return people;
}

/** Whether the key signed the text. False for keys other than Ed25519, because browsers sign only with Ed25519. */
async function hasSigned(publicKey: string, sig: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey('spki', Uint8Array.fromBase64(publicKey), 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', key, Uint8Array.fromBase64(sig), bytes);
  } catch {
    return false;
  }
}
