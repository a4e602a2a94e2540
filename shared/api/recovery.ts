/** Recovery after a restore: the state of the ledger, lost documents, and devices that the backup does not contain. */
import { z } from 'zod';
import { base64, personId, sha256Hex } from '../order/documents.ts';
import { instant } from './wire.ts';

const count = z.int().min(0);

export const recoveryView = z.object({
  /** State of the recovery; null if the server was not restored, or if the recovery is finished. */
  recovery: z
    .object({
      recoveryPoint: instant,
      restoredAt: instant,
      /**
       * End of the recovery; null while the recovery is open. After the recovery has ended, the response contains it until the ledger
       * accepts new entries again.
       */
      closedAt: instant.nullable(),
      ledger: z.enum(['rejoined', 'suspended', 'renamed', 'resumed', 'continued']),
      /** Reason why the ledger is suspended; null if the ledger accepts new entries. */
      ledgerSuspended: z.string().nullable(),
      /** Size and root hash of the ledger at which an admin resumed it, with the evidence at the time of the decision. */
      resumed: z
        .object({
          at: instant,
          size: count,
          root: z.string(),
          shown: count,
          active: count,
          answered: count,
          checkpoints: count,
          file: z.boolean(),
        })
        .nullable(),
      /**
       * Size and root hash of the ledger at which approvers continued it under a new name, because entries were lost (ADR 39). `shown` is
       * the largest size of the ledger that a device or file reported; null if unknown.
       */
      continued: z
        .object({ at: instant, size: count, root: z.string(), origin: z.string(), shown: count.nullable() })
        .nullable(),
      /** Version numbers in the backup (`from`), and version numbers with which the server continued after the restore (`to`). */
      from: z.object({ list: count, crl: count, approvers: count, ledger: count }),
      to: z.object({ list: count, crl: count }),
      rejoined: count,
      revocations: z.enum(['ledger', 'crl', 'both', 'unknown']),
      /** Number of certificates that were revoked after the recovery point, and that the restore revoked again. */
      revoked: count,
      /**
       * Numbers of sessions, codes and other items that the restore ended, because they may have been used or canceled after the recovery
       * point.
       */
      withdrawn: z.object({
        sessions: count,
        tokens: count,
        invitations: count,
        codes: count,
        commands: count,
        proposals: count,
      }),
      /**
       * Number of conversations in the backup with an active member; null if not counted. Each conversation may have continued after the
       * recovery point.
       */
      conversations: count.nullable(),
      /**
       * Revisions that were adopted after the backup according to the ledger copy, and that the server has not yet received back from a
       * device.
       */
      missing: z.array(z.object({ order: z.string(), revision: z.int() })),
      missingApprovers: count,
      recalled: z.object({ devices: count, newer: count, revisions: count, approvers: count }),
    })
    .nullable(),
  /** Checkpoints of the public ledger that devices have reported since the restore; null without a restore. */
  evidence: z
    .object({
      /**
       * `active`: active devices in the store. `asked`: devices that the server asked for a checkpoint. `answered`: devices that responded.
       */
      active: count,
      asked: count,
      answered: count,
      /**
       * `checkpoints`: number of devices that reported a checkpoint of this installation. `beyond`: number of devices whose checkpoint the
       * ledger does not contain.
       */
      checkpoints: count,
      beyond: count,
      /** Number of devices that have seen ledger entries which the approvers' continuation of the ledger does not contain. */
      lost: count,
      largest: z.object({ size: count, root: z.string() }).nullable(),
      /** Devices that have not responded to the server's request for a checkpoint since the server's start, at most 1,000. */
      silent: z.array(z.string()),
      /** Number of entries in this server's ledger. */
      size: count,
      /** Reason why an admin needs a saved checkpoint to resume the ledger; null if the admin needs none. */
      obstacle: z.string().nullable(),
      /**
       * Checkpoints that devices reported, at most 1,000. Checkpoints that the ledger does not contain come first. Among the rest,
       * checkpoints of a larger ledger come first.
       */
      answers: z.array(
        z.object({
          device: z.string(),
          user: z.string().nullable(),
          at: instant,
          size: count.nullable(),
          root: z.string().nullable(),
          verdict: z.enum(['contained', 'beyond', 'lost', 'none', 'unreadable']),
        }),
      ),
    })
    .nullable(),
  /** Devices that have a certificate of this installation but are missing in the backup. */
  devices: z.array(
    z.object({
      serial: z.string(),
      device: z.string(),
      generation: z.int(),
      seenAt: instant,
      /** Whether the ledger copy contains the certificate and no revocation of it. */
      published: z.boolean(),
      /** User of the device; null if the admin who readmits the device must name the user. */
      user: z.string().nullable(),
      group: z.string().nullable(),
    }),
  ),
});

export const serialText = z.string().regex(/^[0-9a-f]{2,40}$/);
/** Readmission of a device. `group` is an id or a name. For absent fields, the backup's values apply. */
export const readmission = z.strictObject({
  person: personId.optional(),
  group: z.string().trim().min(1).max(120).optional(),
});

export type RecoveryView = z.output<typeof recoveryView>;

/**
 * Request to resume the ledger. `checkpoint` is a checkpoint that somebody saved (signed note), such as the file `checkpoint` of a ledger
 * copy.
 */
export const ledgerResumption = z.strictObject({ checkpoint: z.string().min(1).max(10_000).optional() });

/** Proposal to continue the ledger under a new name. `checkpoint` is a saved checkpoint (signed note) that shows which entries are lost. */
export const continuationProposal = z.strictObject({
  reason: z.string().trim().min(1).max(4000),
  checkpoint: z.string().min(1).max(10_000).optional(),
});
export const continuationParams = z.object({ digest: sha256Hex });
/** Signature over the DSSE pre-authentication encoding of the payload's exact bytes. */
export const continuationSignature = z.strictObject({ keyid: sha256Hex, signature: base64.max(128) });
export const continuationView = z.object({
  state: z.enum(['waiting', 'adopted']),
  /** Exact text that approvers sign. */
  payload: z.string(),
  digest: z.string(),
  proposedAt: instant,
  proposedBy: z.string(),
  adoptedAt: instant.nullable(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })),
  /**
   * `signed`: number of independent people of the newest approver set who have signed the continuation. `needed`: number of people who must
   * sign it.
   */
  signed: count,
  needed: count,
  /** Reason why the continuation can no longer be signed; null while signing is possible. */
  outdated: z.string().nullable(),
});
export type ContinuationView = z.output<typeof continuationView>;
/** Continuations of the ledger, newest first. */
export const continuationList = z.object({ continuations: z.array(continuationView) });
