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
  /**
   * Version numbers of the order list, revocation list (CRL) and approver set. `from`: versions in the backup; its field `ledger` is the
   * number of ledger entries. `to`: versions right after the restore.
   */
  from: z.strictObject({ list: count, crl: count, approvers: count, ledger: count }),
  to: z.strictObject({ list: count, crl: count }),
  /**
   * Highest device record version that the server may have issued after the backup. A device without a record in the backup gets a higher
   * version, because devices refuse an older record.
   */
  recordFloor: count,
  /**
   * State of the ledger.
   * - `rejoined`: continued from a kept copy.
   * - `suspended`: entries that the backup lacks may have been published, so the server signs no checkpoint.
   * - `resumed`: an admin continued the ledger from the restored tree.
   * - `continued`: entries were lost, and approvers continued the ledger under a new name.
   */
  ledger: z.enum(['rejoined', 'suspended', 'resumed', 'continued']),
  rejoined: count,
  revocations: z.enum(['ledger', 'crl', 'both', 'unknown']),
  revoked: count,
  /**
   * Adopted revisions of orders that a restored server lacks. A copy of the public ledger names these revisions, but no device has sent
   * them to the server yet.
   */
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
  /** Size of the largest tree that a signed checkpoint proves and the ledger does not contain; 0 if there is none. */
  notContainedSize: count,
  closedAt: count.nullable(),
  /**
   * Decision of an admin that a restored server may sign ledger checkpoints again; null without a decision. `size` and `root`: tree from
   * which the ledger continues. `active`, `responded`, `checkpoints` and `file`: devices and checkpoints on which the admin relied.
   */
  resumed: z
    .strictObject({
      at: count,
      size: count,
      root: sha256Hex,
      /** Size of the largest tree in a checkpoint from a device or a file. */
      largestReported: count,
      active: count,
      responded: count,
      checkpoints: count,
      file: z.boolean(),
    })
    .nullable(),
  /**
   * Largest ledger tree that a signed checkpoint proves and that the restored ledger does not contain. The tree proves that the restored
   * server lost entries. Null if there is no such tree.
   */
  notContained: z.strictObject({ origin: z.string().max(200), size: count, root: sha256Hex }).nullable(),
  /**
   * Continuation: approvers decided that the ledger goes on under a new name, because entries were lost. Null without such a decision.
   * `size` and `root`: tree from which the ledger continues. `origin`: the ledger's new name. `largestReported`: number of entries in
   * the largest reported tree; null if unknown.
   */
  continued: z
    .strictObject({
      at: count,
      size: count,
      root: sha256Hex,
      origin: z.string().max(200),
      largestReported: count.nullable(),
    })
    .nullable(),
  /**
   * Size, in entries, of the largest old ledger that a device reported after approvers gave the ledger a new name. Stored only if it
   * exceeds the size that the approvers stated, because more entries were then lost than they knew. 0 if no device reported such a ledger.
   */
  reportedLoss: count,
  /**
   * Number of conversations in the backup that have an active member. Their devices may already use a later epoch (version of the
   * conversation's keys).
   */
  conversations: count,
});
export type RecoveryState = z.infer<typeof recoverySchema>;
