/** What an approver signs with their key (`key-file.ts`), for `cordon`; in a browser `web-approver-key.ts`. */
import { sha256 } from './digest.ts';
import { type Envelope, PAYLOAD_TYPES } from './documents.ts';
import { type Signer, signEnvelope } from './dsse.ts';
import { pae } from './pae.ts';
import { stubText } from './stub.ts';

/** What an approval is: base64 of the signature over the exact bytes of one revision. `payload` is what the server showed. */
export function approveRevision(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.revision, Buffer.from(payload))).toString('base64');
}

/** One approval as the server takes it: the signature over the revision, and over its stub where it has one. */
export function approvalOf(
  key: Signer,
  payload: string,
): { readonly keyid: string; readonly signature: string; readonly stub?: string } {
  const stub = stubText(payload, sha256(Buffer.from(payload)));
  return {
    keyid: key.keyid,
    signature: approveRevision(key, payload),
    ...(stub !== null && { stub: key.sign(pae(PAYLOAD_TYPES.stub, Buffer.from(stub))).toString('base64') }),
  };
}

/** The same for a root of approvers. */
export function signRootPayload(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.approvers, Buffer.from(payload))).toString('base64');
}

/** A revision's envelope as it will stand in the list. */
export function revisionEnvelope(payload: string, signers: readonly Signer[]): Envelope {
  return signEnvelope(PAYLOAD_TYPES.revision, Buffer.from(payload), signers);
}
