import { z } from 'zod';
import { approverSignature, base64, sha256Hex, witnessPolicySchema } from '../order/documents.ts';
import { accountIdSchema, personIdSchema } from '../protocol/ids.ts';
import { newPasskey } from './passkeys.ts';
import { instant } from './wire.ts';

/** Public key of a key in a file or browser, or a new passkey. */
export const newApproverKey = z.union([
  z.strictObject({ publicKey: base64.max(128) }),
  z.strictObject({ passkey: newPasskey }),
]);
export const approverKeyView = z.object({
  keyid: z.string(),
  person: personIdSchema,
  account: accountIdSchema,
  name: z.string(),
  publicKey: z.string(),
  registeredAt: instant,
  /** Relying party id of a passkey; null for a key in a file or browser. */
  rpId: z.string().nullable(),
});
export const knownApproverKey = approverKeyView.extend({
  verified: z.boolean(),
});
export const approverKeyList = z.object({ keys: z.array(knownApproverKey) });

export const approverSetView = z.object({
  version: z.int(),
  state: z.enum(['waiting', 'adopted', 'superseded']),
  payload: z.string(),
  digest: z.string(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })),
});
export const approversView = z.object({
  current: approverSetView.nullable(),
  pending: approverSetView.nullable(),
  /**
   * Orders with an approver who is no longer in the approver set. New devices do not obey these orders until current approvers approve the
   * orders again.
   */
  uncoveredOrders: z.array(z.string()),
});
export type ApproversView = z.infer<typeof approversView>;

export const approverSetProposal = z.strictObject({
  keyids: z.array(sha256Hex).min(2).max(64),
  threshold: z.int().min(2).max(10).default(2),
  /**
   * SubjectPublicKeyInfo of each organization key in DER, base64. If absent, the new approver set keeps the organization keys of the
   * current set.
   */
  organizationKeys: z.array(base64.max(128)).max(8).optional(),
  /**
   * Witnesses that must cosign the ledger. If null, devices need no cosignatures. If absent, the new approver set keeps the witnesses of the
   * current set.
   */
  witnesses: witnessPolicySchema.nullable().optional(),
});
export const approverSetParams = z.object({ version: z.coerce.number().int().min(1) });
/** Signature over the DSSE pre-authentication encoding of the payload's exact bytes. */
export const signatureBody = z.strictObject({ keyid: sha256Hex, signature: approverSignature });
