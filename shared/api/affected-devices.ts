/** Affected and exempt devices of an order, location statements that change its verdict, and receipts. */
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
      /** End of the exemption, possibly in the past. Null if the exemption lasts as long as the order. */
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

/** Location statements that change the order's verdict for a device, now or from the effective time. */
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
       * `released`: services that the order would deny without the location statement. `denied`: services that the order denies only
       * because of the location statement.
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
      /** Planned time of the notice that the receipt confirms; absent if the receipt is about the order itself. */
      notice: z.string().optional(),
      at: z.string(),
    }),
  ),
});
