/** Proposals of orders and revisions, complete or as drafts. */
import { z } from 'zod';
import { actionBasisSchema, decisionRecordSchema, ORDER_ACTIONS, orderTermsSchema } from '../order/documents.ts';
import { deviceIdSchema, groupIdSchema } from '../protocol/ids.ts';

export const LONGEST_REASON = 2000;

/**
 * End (`until`) and reason of a device's or group's exemption from an order. Without `until`, the exemption lasts as long as the order.
 * Only the operator sees `reason`, because the signed order does not contain it.
 */
const exemptionDetails = {
  until: z.string().max(64).nullable().optional(),
  reason: z.string().max(LONGEST_REASON).optional(),
};

const exemptSchema = z
  .array(
    z.union([
      z.strictObject({ device: deviceIdSchema, ...exemptionDetails }),
      z.strictObject({ group: groupIdSchema, ...exemptionDetails }),
    ]),
  )
  .max(1000);

const { waiting, receivedOn, provenance, documents, notice, noticePlan, exportWindow, answers, authoritativeLanguage } =
  orderTermsSchema.shape;

/** Optional terms of an order. In a later revision, null removes the value. */
const maybe = {
  waiting: waiting.nullable(),
  receivedOn: receivedOn.nullable(),
  answerBy: z.string().max(64).nullable().optional(),
  provenance: provenance.nullable(),
  documents: documents.nullable(),
  notice: notice.nullable(),
  publication: z
    .union([z.strictObject({ until: z.string().max(64) }), z.strictObject({ law: z.string().min(1).max(4000) })])
    .nullable()
    .optional(),
  noticePlan: noticePlan.nullable(),
  exportWindow: exportWindow.nullable(),
  answers: answers.nullable(),
  /**
   * Language of the statement that is legally decisive. A new order with statements in several languages must name this language. With a
   * single language, that language is the default.
   */
  authoritativeLanguage: authoritativeLanguage.nullable(),
};

/**
 * Terms of an order as an admin enters them. Times are RFC 3339 with an offset, or local time in the order's `zone` (`2015-11-30T23:59`).
 */
const termsInput = orderTermsSchema.omit({ internal: true }).extend({
  areas: z.array(z.string().max(64)).min(1).max(300),
  services: z.array(z.string().max(64)).min(1).max(16),
  disputed: z.record(z.string().max(64), z.string().max(64)),
  effective: z.string().max(64),
  until: z.string().max(64).nullable(),
  ...maybe,
});

export const PROPOSAL_DEFAULTS = {
  until: null,
  zone: 'UTC',
  mode: 'suspend',
  stale: 'keep',
  visitors: 'PT0S',
  disputed: {},
} as const;

export const orderProposal = termsInput.extend({
  until: termsInput.shape.until.default(PROPOSAL_DEFAULTS.until),
  zone: termsInput.shape.zone.default(PROPOSAL_DEFAULTS.zone),
  mode: termsInput.shape.mode.default(PROPOSAL_DEFAULTS.mode),
  stale: termsInput.shape.stale.default(PROPOSAL_DEFAULTS.stale),
  visitors: termsInput.shape.visitors.default(PROPOSAL_DEFAULTS.visitors),
  disputed: termsInput.shape.disputed.default(PROPOSAL_DEFAULTS.disputed),
  /** Contact for appeals. The default is the contact of the installation. */
  appeal: termsInput.shape.appeal.optional(),
  exempt: exemptSchema.default([]),
  decision: decisionRecordSchema.optional(),
});

export const orderAction = z.strictObject({
  action: z.enum(ORDER_ACTIONS).exclude(['propose']),
  ...termsInput.partial().shape,
  basis: actionBasisSchema.optional(),
  exempt: exemptSchema.optional(),
  decision: decisionRecordSchema.optional(),
});

const written = z.string().max(10_000);

/**
 * Unfinished proposal; the server stores nothing. `order` and `action` name the order and the kind of revision. The schema accepts
 * incomplete drafts, so that the preview can report an error for each field.
 */
export const orderDraft = z.strictObject({
  order: z.string().max(64).optional(),
  action: z.enum(ORDER_ACTIONS).default('propose'),
  title: written.optional(),
  areas: z.array(z.string().max(64)).max(300).optional(),
  services: z.array(z.string().max(64)).max(16).optional(),
  nexus: z.array(z.string().max(64)).max(16).optional(),
  effective: written.optional(),
  until: written.nullable().optional(),
  zone: written.optional(),
  mode: z.string().max(64).optional(),
  unknown: z.string().max(64).optional(),
  contested: z.string().max(64).optional(),
  stale: z.string().max(64).optional(),
  visitors: written.optional(),
  travelers: z.string().max(64).optional(),
  waiting: z.string().max(64).nullable().optional(),
  receivedOn: written.nullable().optional(),
  answerBy: written.nullable().optional(),
  provenance: z.string().max(64).nullable().optional(),
  documents: z
    .array(
      z.strictObject({ title: written, mediaType: z.string().max(200), bytes: z.number(), sha256: z.string().max(64) }),
    )
    .max(100)
    .nullable()
    .optional(),
  notice: z.record(z.string().max(64), written).nullable().optional(),
  publication: z
    .union([z.strictObject({ until: written }), z.strictObject({ law: written })])
    .nullable()
    .optional(),
  noticePlan: z.array(z.string().max(64)).max(16).nullable().optional(),
  exportWindow: written.nullable().optional(),
  answers: z.string().max(64).nullable().optional(),
  authoritativeLanguage: z.string().max(64).nullable().optional(),
  disputed: z.record(z.string().max(64), z.string().max(64)).optional(),
  authority: written.optional(),
  addressee: written.optional(),
  instrument: written.optional(),
  statement: z.record(z.string().max(64), written).optional(),
  appeal: written.optional(),
  basis: z
    .strictObject({
      reason: written.optional(),
      documents: z
        .array(
          z.strictObject({
            title: written,
            mediaType: z.string().max(200),
            bytes: z.number(),
            sha256: z.string().max(64),
          }),
        )
        .max(100)
        .optional(),
      court: z.strictObject({ name: written, case: written }).optional(),
    })
    .optional(),
  decision: z
    .strictObject({ considered: z.string().max(50_000), by: written, reasons: z.string().max(50_000) })
    .partial()
    .optional(),
  exempt: z
    .array(
      z.union([
        z.strictObject({ device: z.string().max(64), ...exemptionDetails }),
        z.strictObject({ group: z.string().max(64), ...exemptionDetails }),
      ]),
    )
    .max(1000)
    .optional(),
});
