/** Recovery after a restore from a backup: state of the ledger, lost documents, and devices that the backup does not contain. */
import { z } from 'zod';
import { approverSignature, personId, sha256Hex } from '../order/documents.ts';
import { instant } from './wire.ts';

const count = z.int().min(0);

export const recoveryView = z.object({
  /** State of the recovery; null if the server was not restored, or if the recovery is finished. */
  recovery: z
    .object({
      recoveryPoint: instant,
      restoredAt: instant,
      /**
       * Time at which an admin ended the recovery; null while the recovery is open. After the end, the field `recovery` is null as soon as
       * the ledger accepts entries. The time is therefore visible only while the ledger is still suspended.
       */
      closedAt: instant.nullable(),
      ledger: z.enum(['rejoined', 'suspended', 'resumed', 'continued']),
      /** Reason why the ledger is suspended; null if the ledger accepts new entries. */
      ledgerSuspended: z.string().nullable(),
      /**
       * State of the ledger when an admin ended the ledger's suspension after a restore: size, root hash, and what devices' checkpoints
       * stated at that time. Null if no admin has done this.
       */
      resumed: z
        .object({
          at: instant,
          size: count,
          root: z.string(),
          largestReported: count,
          active: count,
          responded: count,
          checkpoints: count,
          file: z.boolean(),
        })
        .nullable(),
      /**
       * Ledger size and root hash at which approvers continued the ledger under a new name after a loss of entries (ADR 39). `largestReported` is the
       * largest size that a device or file reported; null if unknown.
       */
      continued: z
        .object({ at: instant, size: count, root: z.string(), origin: z.string(), largestReported: count.nullable() })
        .nullable(),
      /**
       * Version numbers of signed documents. `from`: newest numbers in the backup, and its number of ledger entries. `to`: higher numbers
       * with which the server continued after the restore, so that no number is used twice.
       */
      from: z.object({ list: count, crl: count, approvers: count, ledger: count }),
      to: z.object({ list: count, crl: count }),
      rejoined: count,
      revocations: z.enum(['ledger', 'crl', 'both', 'unknown']),
      /** Number of certificates that were revoked after the backup and that the restore revoked again. */
      revoked: count,
      /**
       * Numbers of sessions, codes and other items that the restore ended, because they may have been used or canceled after the backup.
       */
      withdrawn: z.object({
        sessions: count,
        tokens: count,
        invitations: count,
        codes: count,
        commands: count,
        proposals: count,
      }),
      /** Number of conversations in the backup that may have continued afterward. */
      conversations: count,
      /**
       * Order revisions that the restored backup lacks although a copy of the public ledger records their adoption. Revisions that devices
       * have sent back since the restore are not in the list.
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
       * Numbers of devices. `active`: all active devices. `asked`: devices that the server asked for a checkpoint of the ledger.
       * `responded`: devices that responded.
       */
      active: count,
      asked: count,
      responded: count,
      /**
       * Numbers of devices. `checkpoints`: number of devices that reported a checkpoint of this installation. `notContained`: number of
       * devices whose checkpoint the ledger does not contain.
       */
      checkpoints: count,
      notContained: count,
      /** Number of devices that have seen ledger entries which the continued ledger lacks. */
      lost: count,
      largest: z.object({ size: count, root: z.string() }).nullable(),
      /** Devices that have not reported a checkpoint since the server's start, at most 1,000. */
      silent: z.array(z.string()),
      /** Number of entries in the server's ledger. */
      size: count,
      /** Reason why an admin needs a saved checkpoint to resume the ledger; null if none is needed. */
      obstacle: z.string().nullable(),
      /**
       * Checkpoints that devices reported, at most 1,000. Checkpoints that the ledger does not contain come first. Among the rest,
       * checkpoints of a larger ledger come first.
       */
      responses: z.array(
        z.object({
          device: z.string(),
          user: z.string().nullable(),
          at: instant,
          size: count.nullable(),
          root: z.string().nullable(),
          result: z.enum(['contained', 'not_contained', 'lost', 'none', 'unreadable']),
        }),
      ),
    })
    .nullable(),
  devices: z.array(
    z.object({
      serial: z.string(),
      device: z.string(),
      generation: z.int(),
      seenAt: instant,
      /**
       * Whether the copy of the public ledger used for the restore records the issue of the device's certificate and no revocation of it.
       */
      published: z.boolean(),
      /** User of the device; null if unknown, so that the admin who readmits the device must name the user. */
      user: z.string().nullable(),
      group: z.string().nullable(),
      /**
       * Start and end of the certificate's validity. A certificate is valid from shortly before its issue. A renewed certificate is younger
       * than the device's enrollment.
       */
      notBefore: instant,
      notAfter: instant,
      /**
       * Reason why no admin can readmit the device; null if an admin can.
       * - `revoked`: the restore found a revocation of the certificate after the backup.
       * - `superseded`: the backup has a newer enrollment of the device.
       * - `older`: the certificate was issued before the backup, but the backup lacks it.
       * - `expired`: the certificate has expired.
       */
      obstacle: z.enum(['revoked', 'superseded', 'older', 'expired']).nullable(),
    }),
  ),
});

export const serialText = z.string().regex(/^[0-9a-f]{2,40}$/);
/** Maximum number of devices in one request for readmission. */
export const MOST_READMITTED = 100;
/**
 * Devices to readmit, each by the serial number of its certificate. `person` and `group`: user and group of a device that the backup does
 * not contain. If a field is absent, the server uses the value of the device's activation code. `group` is an id or a name.
 */
export const readmission = z.strictObject({
  devices: z
    .array(
      z.strictObject({
        serial: serialText,
        person: personId.optional(),
        group: z.string().trim().min(1).max(120).optional(),
      }),
    )
    .min(1)
    .max(MOST_READMITTED),
});
/** Result for each device, in the order of the request. `error`: why the device was not readmitted; null if it was. */
export const readmissionResults = z.object({
  results: z.array(
    z.object({ serial: z.string(), error: z.object({ code: z.string(), detail: z.string() }).nullable() }),
  ),
});

export type RecoveryView = z.output<typeof recoveryView>;

/**
 * Request to end the suspension of the ledger after a restore. `checkpoint`: saved ledger checkpoint (signed note), such as the file
 * `checkpoint` in a copy of the ledger.
 */
export const ledgerResumption = z.strictObject({ checkpoint: z.string().min(1).max(10_000).optional() });

/**
 * Proposal to continue a ledger with lost entries under a new name. `checkpoint`: saved ledger checkpoint (signed note) that shows which
 * entries are lost.
 */
export const continuationProposal = z.strictObject({
  reason: z.string().trim().min(1).max(4000),
  checkpoint: z.string().min(1).max(10_000).optional(),
});
export const continuationParams = z.object({ digest: sha256Hex });
export const continuationSignature = z.strictObject({ keyid: sha256Hex, signature: approverSignature });
export const continuationView = z.object({
  state: z.enum(['waiting', 'adopted']),
  payload: z.string(),
  digest: z.string(),
  proposedAt: instant,
  proposedBy: z.string(),
  adoptedAt: instant.nullable(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })),
  /**
   * Numbers of signers. `signed`: number of people in the newest approver set who have signed the continuation of the ledger under a new
   * name. `needed`: number of people who must sign.
   */
  signed: count,
  needed: count,
  /**
   * Reason why approvers can no longer sign the proposed continuation of the ledger. Null while they can sign the continuation, and after
   * its adoption.
   */
  outdated: z.string().nullable(),
});
export type ContinuationView = z.output<typeof continuationView>;
export const continuationList = z.object({ continuations: z.array(continuationView) });
