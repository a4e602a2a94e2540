/** Parses stored revisions, and builds the signed envelopes that devices receive. */
import { parseDocument } from '../../../shared/order/canonical.ts';
import { type Envelope, PAYLOAD_TYPES, type Revision, revisionSchema } from '../../../shared/order/documents.ts';
import type { ApproverSetRow, RevisionRow } from '../ports.ts';

export function readPayload(payload: string): Revision {
  return parseDocument(revisionSchema, Buffer.from(payload));
}

export function revisionEnvelopeOf(row: Pick<RevisionRow, 'payload' | 'approvals'>): Envelope {
  return {
    payloadType: PAYLOAD_TYPES.revision,
    payload: Buffer.from(row.payload).toString('base64'),
    signatures: row.approvals.map(({ keyid, signature }) => ({ keyid, sig: signature })),
  };
}

export function approverSetEnvelopeOf(row: Pick<ApproverSetRow, 'payload' | 'signatures'>): Envelope {
  return {
    payloadType: PAYLOAD_TYPES.approvers,
    payload: Buffer.from(row.payload).toString('base64'),
    signatures: [...row.signatures],
  };
}
