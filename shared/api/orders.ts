/** Orders: proposals, acts, approvals, and what came of them. */
import { z } from 'zod';
import { base64, ORDER_ACTS, orderNumber, orderTermsSchema, RECEIPT_KINDS, sha256Hex } from '../order/documents.ts';
import { deviceIdSchema, groupIdSchema } from '../protocol/ids.ts';
import { SERVICES } from '../verdict/terms.ts';
import { instant } from './wire.ts';

const exemptSchema = z
  .array(z.union([z.strictObject({ device: deviceIdSchema }), z.strictObject({ group: groupIdSchema })]))
  .max(1000);

/**
 * What an admin writes. Areas, services, times and disputed ground are read by the orders module, which has an error of its own for each.
 * Times: RFC 3339 with an offset, or local time in the order's `zone` (`2015-11-30T23:59`).
 */
const termsInput = orderTermsSchema.extend({
  areas: z.array(z.string().max(64)).min(1).max(300),
  services: z.array(z.string().max(64)).min(1).max(16),
  disputed: z.record(z.string().max(64), z.string().max(64)),
  effective: z.string().max(64),
  until: z.string().max(64).nullable(),
});

export const orderProposal = termsInput.extend({
  until: termsInput.shape.until.default(null),
  zone: z.string().max(64).default('UTC'),
  mode: termsInput.shape.mode.default('suspend'),
  stale: termsInput.shape.stale.default('keep'),
  visitors: termsInput.shape.visitors.default('PT0S'),
  disputed: termsInput.shape.disputed.default({}),
  /** Absent: the installation's own. */
  appeal: termsInput.shape.appeal.optional(),
  exempt: exemptSchema.default([]),
});

export const orderAct = z.strictObject({
  act: z.enum(ORDER_ACTS).exclude(['propose']),
  ...termsInput.partial().shape,
  exempt: exemptSchema.optional(),
});

export const orderParams = z.object({ number: orderNumber });
export const revisionParams = orderParams.extend({ revision: z.coerce.number().int().min(1) });

export const revisionSummary = z.object({
  order: z.string(),
  revision: z.int(),
  act: z.enum(ORDER_ACTS),
  state: z.enum(['waiting', 'adopted', 'superseded']),
  digest: z.string(),
  proposer: z.string(),
  proposedAt: instant,
  adoptedAt: instant.nullable(),
  approvals: z.array(z.object({ person: z.string(), keyid: z.string(), approvedAt: instant })),
});
export const revisionView = revisionSummary.extend({
  /** The exact text that approvers sign (its UTF-8 bytes). */
  payload: z.string(),
});
export type RevisionView = z.infer<typeof revisionView>;

export const orderView = z.object({
  number: z.string(),
  title: z.string(),
  /** Of the adopted revision; `proposed` while there is none. */
  status: z.enum(['proposed', 'active', 'held', 'withdrawn']),
  adoptedRevision: z.int().nullable(),
  latestRevision: z.int(),
  terms: orderTermsSchema,
  revisions: z.array(revisionSummary),
  /** When the server carried it out: each entry into force and each end of it. */
  executions: z.array(z.object({ revision: z.int(), state: z.enum(['entered', 'left']), at: instant })),
});
export const orderList = z.object({ orders: z.array(orderView.omit({ revisions: true, executions: true })) });

export const approvalBody = z.strictObject({ keyid: sha256Hex, signature: base64.max(128) });
export const approvalResult = z.object({
  adopted: z.boolean(),
  /** `second_approver_required` while another person is missing (HTTP 202). */
  code: z.string().nullable(),
  detail: z.string(),
});

export const affectedView = z.object({
  devices: z.array(
    z.object({ device: deviceIdSchema, denied: z.array(z.enum(SERVICES)), reasons: z.array(z.string()) }),
  ),
});
/** Verified ones only, newest first. */
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
      /** The device's own time. */
      at: z.string(),
    }),
  ),
});
