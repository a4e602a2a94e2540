/** State of a recovery as one JSON document in the store, until an admin ends the recovery. */
import { z } from 'zod';
import { sha256Hex } from '../../shared/order/documents.ts';

const count = z.int().min(0);

export const recoverySchema = z.strictObject({
  /** Random identifier of the restore. Devices respond to each restore once. */
  id: z.string().max(64),
  /** The recovery point, in domain time and in real time. */
  at: count,
  realAt: count,
  restoredAt: count,
  /** Version numbers in the backup, and the first ones after the restore. */
  from: z.strictObject({ list: count, crl: count, approvers: count, ledger: count }),
  to: z.strictObject({ list: count, crl: count }),
  /** Highest version of a device record that devices enrolled since the backup may have seen. */
  recordFloor: count,
  /**
   * `rejoined`: continued from a kept copy. `suspended`: larger trees may have been published, so none is signed. `resumed`: an admin
   * continued from the restored tree. `continued`: entries were lost, and approvers continued the rest under a new name.
   */
  ledger: z.enum(['rejoined', 'suspended', 'renamed', 'resumed', 'continued']),
  /** Number of entries from the ledger copy. */
  rejoined: count,
  revocations: z.enum(['ledger', 'crl', 'both', 'unknown']),
  /** Number of applied revocations since the recovery point. */
  revoked: count,
  /** Revisions that the ledger copy names as adopted and that no device has returned yet. */
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
  /** Size of the largest tree outside the ledger that a device proved with a signed checkpoint; 0 without one. */
  seenLedger: count,
  closedAt: count.nullable(),
  /** The tree from which an admin resumed the ledger, and the evidence at that time; null before that. */
  resumed: z
    .strictObject({
      at: count,
      size: count,
      /** Root hash of the tree, hex. */
      root: sha256Hex,
      /** Size of the largest tree from a device or a file. */
      shown: count,
      active: count,
      answered: count,
      checkpoints: count,
      file: z.boolean(),
    })
    .nullable()
    .default(null),
  /** The largest shown tree that the ledger does not contain. Null without one, and for a state from an older version. */
  seen: z
    .strictObject({ origin: z.string().max(200), size: count, root: sha256Hex })
    .nullable()
    .default(null),
  /** The tree from which approvers continued the ledger, its new name, and the entries of the largest shown tree. Null before that. */
  continued: z
    .strictObject({ at: count, size: count, root: sha256Hex, origin: z.string().max(200), shown: count.nullable() })
    .nullable()
    .default(null),
  /** Size of the largest tree shown after the continuation, if it exceeds the stated loss; else 0. */
  lossShown: count.default(0),
  /**
   * Number of conversations in the backup with an active member, whose devices may have a later epoch. Null for a state from an older
   * version.
   */
  conversations: count.nullable().default(null),
});
export type RecoveryState = z.infer<typeof recoverySchema>;
