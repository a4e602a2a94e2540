/** Time corrections: approvers sign them to reset the clocks of devices after the server's clock was ahead. */
import { z } from 'zod';
import { envelopeSchema, sha256Hex, timeCorrectionSchema, timestamp } from '../order/documents.ts';
import { instant } from './wire.ts';

export const timeCorrectionView = z.object({
  version: z.int(),
  envelope: envelopeSchema,
  publishedAt: instant,
  publishedBy: z.string(),
});
/** Time correction that approvers can sign now. The server publishes it when `signed` reaches `needed`. */
export const timeCorrectionProposal = z.object({
  /** Exact bytes to sign, as text, and their SHA-256 in hex. */
  payload: z.string(),
  digest: sha256Hex,
  signatures: envelopeSchema.shape.signatures,
  signed: z.int().min(0),
  needed: z.int().min(1),
  proposedAt: instant,
  proposedBy: z.string(),
});
export type TimeCorrectionProposal = z.output<typeof timeCorrectionProposal>;
export const timeCorrectionList = z.object({
  corrections: z.array(timeCorrectionView),
  pending: timeCorrectionProposal.nullable(),
});
export const newTimeCorrectionProposal = z.strictObject({
  from: timestamp,
  until: timestamp,
  reason: timeCorrectionSchema.shape.reason,
});
export const timeCorrectionParams = z.object({ digest: sha256Hex });
export const signedTimeCorrection = z.object({ proposal: timeCorrectionProposal, published: z.boolean() });
export const newTimeCorrection = z.strictObject({ envelope: envelopeSchema });
