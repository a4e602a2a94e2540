/** Signatures with an approver's key file, for the command line. `web-approver-key.ts` is the version for browsers. */
import { sha256 } from './digest.ts';
import { type Envelope, PAYLOAD_TYPES } from './documents.ts';
import { type Signer, signEnvelope } from './dsse.ts';
import { immediateText } from './immediate-effect.ts';
import { pae } from './pae.ts';
import { stubText } from './stub.ts';

/** Signature over exactly the bytes that the server showed (`payload`), in base64. */
export function approveRevision(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.revision, Buffer.from(payload))).toString('base64');
}

/**
 * Approval of a revision. If the revision is withheld from the public, the approver also signs a stub (public summary of the revision).
 * With `immediate`, the approver also signs that the revision takes effect immediately.
 */
export function approvalOf(
  key: Signer,
  payload: string,
  { immediate = false }: { readonly immediate?: boolean } = {},
): { readonly keyid: string; readonly signature: string; readonly stub?: string; readonly immediate?: string } {
  const digest = sha256(Buffer.from(payload));
  const stub = stubText(payload, digest);
  const signed = (type: string, text: string) => key.sign(pae(type, Buffer.from(text))).toString('base64');
  return {
    keyid: key.keyid,
    signature: approveRevision(key, payload),
    ...(stub !== null && { stub: signed(PAYLOAD_TYPES.stub, stub) }),
    ...(immediate && { immediate: signed(PAYLOAD_TYPES.immediateEffect, immediateText(payload, digest)) }),
  };
}

export function signApproverSetPayload(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.approvers, Buffer.from(payload))).toString('base64');
}

export function signTimeCorrectionPayload(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.timeCorrection, Buffer.from(payload))).toString('base64');
}

export function signContinuationPayload(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.ledgerContinuation, Buffer.from(payload))).toString('base64');
}

export function signScriptPayload(key: Signer, payload: string): string {
  return key.sign(pae(PAYLOAD_TYPES.script, Buffer.from(payload))).toString('base64');
}

export function revisionEnvelope(payload: string, signers: readonly Signer[]): Envelope {
  return signEnvelope(PAYLOAD_TYPES.revision, Buffer.from(payload), signers);
}
