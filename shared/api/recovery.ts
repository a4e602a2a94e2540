/** Recovery after a restore: the state of the ledger, lost documents, and devices that the backup does not contain. */
import { z } from 'zod';
import { base64, personId, sha256Hex } from '../order/documents.ts';
import { instant } from './wire.ts';

const count = z.int().min(0);

export const recoveryView = z.object({
  /** State of the recovery; null if this server was not restored, or the recovery is finished. */
  recovery: z
    .object({
      recoveryPoint: instant,
      restoredAt: instant,
      /** End of the recovery; null while it is open. The response shows a closed recovery until the ledger grows again. */
      closedAt: instant.nullable(),
      ledger: z.enum(['rejoined', 'suspended', 'renamed', 'resumed', 'continued']),
      /** Reason why the ledger is suspended; null while it grows. */
      ledgerSuspended: z.string().nullable(),
      /** Tree from which an admin resumed the ledger, and the evidence at that time. */
      resumed: z
        .object({
          ...{ at: instant, size: count, root: z.string(), shown: count },
          ...{ active: count, answered: count, checkpoints: count, file: z.boolean() },
        })
        .nullable(),
      /**
       * Tree from which approvers continued the ledger under a new name after entries were lost (ADR 39). `shown`: size of the largest
       * reported tree; null when unknown.
       */
      continued: z
        .object({ at: instant, size: count, root: z.string(), origin: z.string(), shown: count.nullable() })
        .nullable(),
      /** Version numbers in the backup, and the version numbers with which the server continued. */
      from: z.object({ list: count, crl: count, approvers: count, ledger: count }),
      to: z.object({ list: count, crl: count }),
      rejoined: count,
      revocations: z.enum(['ledger', 'crl', 'both', 'unknown']),
      /** Number of revocations after the recovery point that the restore applied again. */
      revoked: count,
      /** Items that the restore ended, because they may have been used or canceled after the recovery point. */
      withdrawn: z.object({
        ...{ sessions: count, tokens: count, invitations: count },
        ...{ codes: count, commands: count, proposals: count },
      }),
      /** Conversations in the backup with an active member. Each may have continued after the recovery point. Null: not counted. */
      conversations: count.nullable(),
      /** Revisions that were adopted after the backup according to the ledger copy, and that no device has returned yet. */
      missing: z.array(z.object({ order: z.string(), revision: z.int() })),
      missingApprovers: count,
      recalled: z.object({ devices: count, newer: count, revisions: count, approvers: count }),
    })
    .nullable(),
  /** Checkpoints of the public ledger that devices have reported since the restore. Null without a restore. */
  evidence: z
    .object({
      /** Active devices in the store; devices that the server asked; devices that responded. */
      ...{ active: count, asked: count, answered: count },
      /**
       * Number of devices that reported a checkpoint of the installation, and number of devices whose checkpoint the ledger does not
       * contain.
       */
      ...{ checkpoints: count, beyond: count },
      /** Devices that have seen entries which approvers gave up by a continuation. */
      lost: count,
      largest: z.object({ size: count, root: z.string() }).nullable(),
      /** Devices that the server has asked since its start and that have not responded, at most 1,000. */
      silent: z.array(z.string()),
      /** Number of entries in this server's ledger. */
      size: count,
      /** Reason why an admin cannot resume the ledger without a saved checkpoint; null: the admin can. */
      obstacle: z.string().nullable(),
      /** At most 1,000 checkpoints of devices. Checkpoints that the ledger does not contain come first, then larger trees. */
      answers: z.array(
        z.object({
          ...{ device: z.string(), user: z.string().nullable(), at: instant },
          ...{ size: count.nullable(), root: z.string().nullable() },
          verdict: z.enum(['contained', 'beyond', 'lost', 'none', 'unreadable']),
        }),
      ),
    })
    .nullable(),
  /** Devices with a certificate of this installation that the backup does not contain. */
  devices: z.array(
    z.object({
      serial: z.string(),
      device: z.string(),
      generation: z.int(),
      seenAt: instant,
      /** The ledger copy contains the certificate, and no revocation of it. */
      published: z.boolean(),
      /** User of the device. Null: the admin who readmits the device must name the user. */
      user: z.string().nullable(),
      group: z.string().nullable(),
    }),
  ),
});

export const serialText = z.string().regex(/^[0-9a-f]{2,40}$/);
/** `group`: id or name. Absent fields keep the backup's values. */
export const readmission = z.strictObject({
  person: personId.optional(),
  group: z.string().trim().min(1).max(120).optional(),
});

export type RecoveryView = z.output<typeof recoveryView>;

/** `checkpoint`: a saved signed note, such as the file `checkpoint` of a ledger copy. */
export const ledgerResumption = z.strictObject({ checkpoint: z.string().min(1).max(10_000).optional() });

/** `checkpoint`: a saved signed note, which shows entries that the server lost. */
export const continuationProposal = z.strictObject({
  reason: z.string().trim().min(1).max(4000),
  checkpoint: z.string().min(1).max(10_000).optional(),
});
export const continuationParams = z.object({ digest: sha256Hex });
/** Signature over the DSSE pre-authentication encoding of the payload's exact bytes. */
export const continuationSignature = z.strictObject({ keyid: sha256Hex, signature: base64.max(128) });
export const continuationView = z.object({
  state: z.enum(['waiting', 'adopted']),
  /** Exact text to sign. */
  payload: z.string(),
  digest: z.string(),
  proposedAt: instant,
  proposedBy: z.string(),
  adoptedAt: instant.nullable(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })),
  /** Number of independent people of the newest approver set who signed, and the number that is needed. */
  signed: count,
  needed: count,
  /** Reason why the continuation can no longer be signed; null while it can be signed. */
  outdated: z.string().nullable(),
});
export type ContinuationView = z.output<typeof continuationView>;
/** Continuations, newest first. */
export const continuationList = z.object({ continuations: z.array(continuationView) });
