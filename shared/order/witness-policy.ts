/**
 * Rule about the witnesses of the ledger. Approvers sign it as a part of the approver set, because a server that chose the witnesses could
 * choose none. Devices accept a new checkpoint only with enough valid cosignatures (`shared/ledger/cosignature.ts`).
 */
import { z } from 'zod';
import { MOST_WITNESSES } from '../ledger/cosignature.ts';

/** Verifier key of a witness (C2SP signed-note, signature type 4): name, key id, and 33 bytes in base64. */
export const witnessKeyText = z
  .string()
  .max(200)
  .regex(/^[^\s+]{1,100}\+[0-9a-f]{8}\+B[A-P][A-Za-z0-9+/]{42}$/, 'must be a verifier key as cordon-witness prints it');

export const witnessPolicySchema = z.strictObject({
  /** Number of witnesses that must cosign a checkpoint. */
  threshold: z.int().min(1).max(MOST_WITNESSES),
  /** Verifier keys of the witnesses. */
  keys: z.array(witnessKeyText).min(1).max(MOST_WITNESSES),
});
