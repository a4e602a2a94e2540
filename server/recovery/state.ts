/** What a server remembers of the restore that it was started from, until an admin closes it. One JSON document in the store. */
import { z } from 'zod';
import { sha256Hex } from '../../shared/order/documents.ts';

const count = z.int().min(0);

export const restorationSchema = z.strictObject({
  /** Random: devices answer each restore once. */
  id: z.string().max(64),
  /** The recovery point, in domain time and in real time. */
  at: count,
  realAt: count,
  restoredAt: count,
  /** The numbers of the backup, and those that the server continued with. */
  from: z.strictObject({ list: count, crl: count, approvers: count, ledger: count }),
  to: z.strictObject({ list: count, crl: count }),
  /** Versions of device records that a device enrolled since may have seen are at most this. */
  recordFloor: count,
  /** `rejoined`: a kept copy continued it. `suspended`: larger trees may have been published, so none is signed. */
  ledger: z.enum(['rejoined', 'suspended', 'renamed']),
  /** Entries that the kept copy brought back. */
  rejoined: count,
  revocations: z.enum(['ledger', 'crl', 'both', 'unknown']),
  /** Revocations since the recovery point that were applied. */
  revoked: count,
  /** Adopted since the recovery point, as the kept ledger says, and not recovered yet. */
  missing: z.array(z.strictObject({ order: z.string().max(32), revision: count, digest: sha256Hex })).max(10_000),
  missingApprovers: count,
  withdrawn: z.strictObject({
    sessions: count,
    tokens: count,
    invitations: count,
    codes: count,
    commands: count,
    proposals: count,
  }),
  /** What devices have told since. */
  recalled: z.strictObject({ devices: count, newer: count, revisions: count, approvers: count }),
  /** The largest tree that a device has proved with a checkpoint of ours; 0: none is larger than what the server has. */
  seenLedger: count,
  closedAt: count.nullable(),
});
export type RestorationState = z.infer<typeof restorationSchema>;
