/**
 * An installation's public root: what somebody must have from elsewhere than the operator's word of today in order to check all the rest. It
 * names the three beginnings that never change: the root certificate under which devices are certified, the first root of approvers, from which
 * each next one follows by signatures, and the ledger's key. Its SHA-256 is short enough for a contract, a court's file or a telephone.
 */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';

export const publicRootSchema = z.strictObject({
  installation: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  /** SHA-256 of the root certificate in DER: what activation links carry, too. */
  authority: sha256Hex,
  /** SHA-256 of the payload of the first root of approvers. */
  approvers: sha256Hex,
  /** The verifier key of the ledger (C2SP signed-note): `name+id+base64`. */
  ledger: z.string().max(500),
});
export type PublicRoot = z.infer<typeof publicRootSchema>;
