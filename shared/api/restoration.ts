/** The restore that the server was started from, and the devices that it does not know since. */
import { z } from 'zod';
import { personId } from '../order/documents.ts';
import { instant } from './wire.ts';

const count = z.int().min(0);

export const restorationView = z.object({
  /** Null: this server was not restored, or the restoration is closed. */
  restoration: z
    .object({
      recoveryPoint: instant,
      restoredAt: instant,
      ledger: z.enum(['rejoined', 'suspended', 'renamed']),
      /** Why the ledger rests; null while it grows. */
      ledgerSuspended: z.string().nullable(),
      rejoined: count,
      revocations: z.enum(['ledger', 'crl', 'both', 'unknown']),
      /** Adopted after the backup, as the kept ledger says, and brought back by no device yet. */
      missing: z.array(z.object({ order: z.string(), revision: z.int() })),
      missingApprovers: count,
      recalled: z.object({ devices: count, newer: count, revisions: count, approvers: count }),
    })
    .nullable(),
  /** Devices with a certificate of this installation that the backup does not have. */
  devices: z.array(
    z.object({
      serial: z.string(),
      device: z.string(),
      generation: z.int(),
      seenAt: instant,
      /** The kept ledger has the certificate, and no revocation. */
      published: z.boolean(),
      /** Null: the admin who readmits the device must say. */
      user: z.string().nullable(),
      group: z.string().nullable(),
    }),
  ),
});

export const serialText = z.string().regex(/^[0-9a-f]{2,40}$/);
/** `group`: id or name. What is left out is as the backup has it. */
export const readmission = z.strictObject({
  person: personId.optional(),
  group: z.string().trim().min(1).max(120).optional(),
});
