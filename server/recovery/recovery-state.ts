/** State of a recovery, until an admin ends the recovery. Stored as one JSON document. */
import { z } from 'zod';
import { sha256Hex } from '../../shared/order/documents.ts';

const count = z.int().min(0);

export const recoverySchema = z.strictObject({
  /** Random identifier of the restore. A device sends its documents once for each restore. */
  id: z.string().max(64),
  /** Recovery point, the time of the backup's snapshot: `at` by the server clock, `realAt` by the machine's clock. */
  at: count,
  realAt: count,
  restoredAt: count,
  /** `from`: version numbers in the backup. `to`: first version numbers after the restore. */
  from: z.strictObject({ list: count, crl: count, approvers: count, ledger: count }),
  to: z.strictObject({ list: count, crl: count }),
  /** Highest version of a device record that devices may have seen if they enrolled after the backup. */
  recordFloor: count,
  /**
   * State of the ledger.
   * - `rejoined`: continued from a kept copy.
   * - `suspended`: entries that the backup lacks may have been published, so the server signs no checkpoint.
   * - `resumed`: an admin continued the ledger from the restored tree.
   * - `continued`: entries were lost, and approvers continued the ledger under a new name.
   */
  ledger: z.enum(['rejoined', 'suspended', 'renamed', 'resumed', 'continued']),
  rejoined: count,
  revocations: z.enum(['ledger', 'crl', 'both', 'unknown']),
  revoked: count,
  /** Revisions that the ledger copy names as adopted and that no device has sent yet. */
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
  recalled: z.strictObject({ devices: count, newer: count, revisions: count, approvers: count }),
  /** Size of the largest tree that a device's signed checkpoint proves and the ledger does not contain; 0 if there is none. */
  seenLedger: count,
  closedAt: count.nullable(),
  /** Tree from which an admin resumed the ledger, with the evidence at that time; null if no admin resumed it. */
  resumed: z
    .strictObject({
      at: count,
      size: count,
      root: sha256Hex,
      /** Size of the largest tree in a checkpoint from a device or a file. */
      shown: count,
      active: count,
      answered: count,
      checkpoints: count,
      file: z.boolean(),
    })
    .nullable()
    .default(null),
  /**
   * Largest tree from a device's checkpoint that the ledger does not contain. Null if there is none, or if an older version of the server
   * wrote the state.
   */
  seen: z
    .strictObject({ origin: z.string().max(200), size: count, root: sha256Hex })
    .nullable()
    .default(null),
  /**
   * Continuation of the ledger by approvers, or null. `size` and `root`: tree from which the ledger continues. `origin`: the ledger's new
   * name. `shown`: number of entries in the largest tree that a checkpoint showed.
   */
  continued: z
    .strictObject({ at: count, size: count, root: sha256Hex, origin: z.string().max(200), shown: count.nullable() })
    .nullable()
    .default(null),
  /** Size of the largest tree that devices showed after the continuation; 0 if none proves a larger loss than the approvers knew. */
  lossShown: count.default(0),
  /**
   * Number of conversations in the backup that have an active member. Their devices may already use a later epoch (version of the
   * conversation's keys). Null if an older version of the server wrote the state.
   */
  conversations: count.nullable().default(null),
});
export type RecoveryState = z.infer<typeof recoverySchema>;
