/** Approvers' public keys, and the root that lists them. */
import { z } from 'zod';
import { base64, sha256Hex } from '../order/documents.ts';
import { accountIdSchema, personIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

export const newApproverKey = z.strictObject({ publicKey: base64.max(128) });
export const approverKeyView = z.object({
  keyid: z.string(),
  person: personIdSchema,
  account: accountIdSchema,
  /** The account holder's. */
  name: z.string(),
  publicKey: z.string(),
  registeredAt: instant,
});
export const approverKeyList = z.object({ keys: z.array(approverKeyView) });

export const rootView = z.object({
  version: z.int(),
  state: z.enum(['waiting', 'adopted', 'superseded']),
  /** The exact text that is signed. */
  payload: z.string(),
  digest: z.string(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })),
});
export const approversView = z.object({
  current: rootView.nullable(),
  waiting: rootView.nullable(),
  /** Orders whose approvers are no longer all in the root: new devices do not believe them until somebody approves again. */
  uncovered: z.array(z.string()),
});
export type ApproversView = z.infer<typeof approversView>;

export const rootProposal = z.strictObject({
  keyids: z.array(sha256Hex).min(2).max(64),
  threshold: z.int().min(2).max(10).default(2),
  /** SubjectPublicKeyInfo in DER, base64. Left out: those of the root in force stay. */
  organisationKeys: z.array(base64.max(128)).max(8).optional(),
});
export const rootParams = z.object({ version: z.coerce.number().int().min(1) });
/** Over the DSSE pre-authentication encoding of the payload's exact bytes. */
export const signatureBody = z.strictObject({ keyid: sha256Hex, signature: base64.max(128) });
