/**
 * Public root of an installation: the document with the keys that auditors need to verify evidence packs, from an independent source. Its
 * values never change. Its SHA-256 is short enough for a contract, a court file or a telephone call.
 */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';

export const publicRootSchema = z.strictObject({
  installation: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  /** SHA-256 of the root certificate in DER. Activation links contain the same digest. */
  authority: sha256Hex,
  /** SHA-256 of the payload of the first approver set. */
  approvers: sha256Hex,
  /** Verifier key of the ledger (C2SP signed-note): `name+id+base64`. */
  ledger: z.string().max(500),
});
export type PublicRoot = z.infer<typeof publicRootSchema>;
