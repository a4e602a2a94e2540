/** What an approver signs with their key (`key-file.ts`), for `cordon`; in a browser `web-approver-key.ts`. */
import { type Envelope, PAYLOAD_TYPES } from './documents.ts';
import { type Signer, signEnvelope } from './dsse.ts';
import { pae } from './pae.ts';

/** What an approval is: base64 of the signature over the exact bytes of one revision. `payload` is what the server showed. */
export function approveRevision(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.revision, Buffer.from(payload))).toString('base64');
}

/** The same for a root of approvers. */
export function signRootPayload(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.approvers, Buffer.from(payload))).toString('base64');
}

/** A revision's envelope as it will stand in the list. */
export function revisionEnvelope(payload: string, signers: readonly Signer[]): Envelope {
  return signEnvelope(PAYLOAD_TYPES.revision, Buffer.from(payload), signers);
}
