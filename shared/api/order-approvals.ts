import { z } from 'zod';
import { approverSignature, sha256Hex } from '../order/documents.ts';

export const approvalBody = z.strictObject({
  keyid: sha256Hex,
  signature: approverSignature,
  /** Signature over the public stub. Only a withheld revision has a stub, which the public sees instead of the revision. */
  stub: approverSignature.optional(),
  /** Signature over the statement that the revision takes effect immediately (`shared/order/immediate-effect.ts`). */
  immediate: approverSignature.optional(),
});

export const declineBody = z.strictObject({ reason: z.string().trim().min(1).max(2000) });

export const approvalResult = z.object({
  adopted: z.boolean(),
  /** Result of an approval. With HTTP status 202 and the code `second_approver_required`, another person must also approve. */
  code: z.string().nullable(),
  detail: z.string(),
});
export type ApprovalResult = z.infer<typeof approvalResult>;
