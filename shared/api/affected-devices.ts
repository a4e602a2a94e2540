/**
 * Affected and exempt devices of an order, receipts, and location statements that change which services the order suspends for a device.
 */
import { z } from 'zod';
import { RECEIPT_KINDS } from '../order/documents.ts';
import { deviceIdSchema } from '../protocol/ids.ts';
import { SERVICES } from '../verdict/terms.ts';
import { instant } from './wire.ts';

export const affectedView = z.object({
  devices: z.array(
    z.object({ device: deviceIdSchema, denied: z.array(z.enum(SERVICES)), reasons: z.array(z.string()) }),
  ),
});

export const exemptionList = z.object({
  revision: z.int(),
  exemptions: z.array(
    z.object({
      device: deviceIdSchema,
      /** End of a device's exemption from an order, possibly in the past. Null if the exemption lasts as long as the order. */
      until: instant.nullable(),
      reason: z.string().nullable(),
      /** Number of the revision that added the exemption. */
      decidedIn: z.int(),
      proposedBy: z.string(),
      approvedBy: z.array(z.string()),
    }),
  ),
  people: z.record(z.string(), z.string()),
});
export type ExemptionList = z.infer<typeof exemptionList>;

/**
 * Location statements (admins' assertions about a device's location) that change which services an order suspends for the device. The
 * change applies now or from the order's effective time.
 */
export const statementList = z.object({
  statements: z.array(
    z.object({
      device: deviceIdSchema,
      kind: z.enum(['presence', 'home']),
      areas: z.array(z.string()),
      reason: z.string(),
      at: instant,
      until: instant,
      /** Account of the admin who made the location statement; null for an old statement that does not contain this information. */
      by: z.string().nullable(),
      confirmedBy: z.string().nullable(),
      /**
       * Effect of a location statement on an order. `released`: services that the order would suspend without the location statement.
       * `denied`: services that the order suspends only because of the location statement.
       */
      released: z.array(z.enum(SERVICES)),
      denied: z.array(z.enum(SERVICES)),
    }),
  ),
  assignments: z.array(
    z.object({
      device: deviceIdSchema,
      home: z.string().nullable(),
      seat: z.string().nullable(),
      at: instant,
      by: z.string(),
      confirmedBy: z.string().nullable(),
    }),
  ),
  people: z.record(z.string(), z.string()),
});
export type StatementList = z.infer<typeof statementList>;

/** Receipts of one device: no route lists receipts of several people's devices (ADR 54). */
export const receiptQuery = z.strictObject({ device: deviceIdSchema });

export const receiptList = z.object({
  receipts: z.array(
    z.object({
      device: z.string(),
      generation: z.int(),
      kind: z.enum(RECEIPT_KINDS),
      listVersion: z.int(),
      revision: z.int().nullable(),
      service: z.string().nullable(),
      gate: z.string().nullable(),
      /**
       * Planned notice to the user that the receipt confirms, such as `P7D` (seven days before an order takes effect). Absent from a
       * receipt that concerns no notice.
       */
      notice: z.string().optional(),
      at: z.string(),
    }),
  ),
});
