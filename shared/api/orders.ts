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

/** What a proposal says that does not say it. */
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
  /** When a hold by one approver lapses; null for one that lasts until it is released, and for what is not held. */
  heldUntil: instant.nullable(),
  terms: orderTermsSchema,
  revisions: z.array(revisionSummary),
  /** When the server carried it out: each entry into force and each end of it. */
  executions: z.array(z.object({ revision: z.int(), state: z.enum(['entered', 'left']), at: instant })),
  /** Person → name, of those who proposed or approved: the server's word, since what is signed holds ids alone. */
  people: z.record(z.string(), z.string()),
});
export type OrderView = z.infer<typeof orderView>;
export const orderList = z.object({
  orders: z.array(orderView.omit({ revisions: true, executions: true, people: true })),
});
export type OrderSummary = z.infer<typeof orderList>['orders'][number];

export const approvalBody = z.strictObject({ keyid: sha256Hex, signature: base64.max(128) });
export const approvalResult = z.object({
  adopted: z.boolean(),
  /** `second_approver_required` while another person is missing (HTTP 202). */
  code: z.string().nullable(),
  detail: z.string(),
});
export type ApprovalResult = z.infer<typeof approvalResult>;

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

/**
 * Of which kind a device's tie to an order is. A device may be of several; one that is of none is not counted. Where devices are counts by the
 * rules of the verdict: an order that asks for neither `present` nor `network` has none that are borderline, unknown or visiting.
 */
export const IMPACT_CLASSES = [
  /** Some service is denied. */
  'denied',
  /** The order's place and another one are both possible: the order's `contested` rule decides. */
  'borderline',
  /** Nobody knows where it is: the order's `unknown` rule decides. */
  'unknown',
  /** In the order's place, at home elsewhere. Not denied as long as there is grace. */
  'visiting',
  /** At home in the order's place, elsewhere now, whatever the order asks for: it may come back. */
  'travelling',
  'exempt',
  /** Denied, not connected, and holds a list in which the revision stands: it obeys by itself. */
  'offline_current',
  /** Denied, not connected, and holds no list in which it stands (nobody does before it is adopted): it learns of it when it comes back. */
  'offline_behind',
] as const;
export type ImpactClass = (typeof IMPACT_CLASSES)[number];

export const impactQuery = z.strictObject({
  /**
   * `now`: as if it were in force at this moment. `effective`: at its effective time, or now when that has passed. Grace and exemptions that
   * will have run out by then have; where devices are is taken to be as it is now, since nobody knows where they will be.
   */
  at: z.enum(['now', 'effective']).default('effective'),
  /** Absent: the one that waits for approvals, or else the adopted one. */
  revision: z.coerce.number().int().min(1).optional(),
  class: z.enum(IMPACT_CLASSES).optional(),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).max(200).default(50),
});
/** By handle, never by name. */
export const impactView = z.object({
  /** The instant for which it holds. */
  at: instant,
  revision: z.int(),
  /** Active devices of the whole installation. */
  fleet: z.int(),
  counts: z.record(z.enum(IMPACT_CLASSES), z.int()),
  /** How many devices there are in the class that was asked for, or in any. */
  total: z.int(),
  devices: z.array(
    z.object({
      device: deviceIdSchema,
      classes: z.array(z.enum(IMPACT_CLASSES)),
      denied: z.array(z.enum(SERVICES)),
      reasons: z.array(z.string()),
      areas: z.array(z.string()),
      home: z.string().nullable(),
      connected: z.boolean(),
    }),
  ),
});
export type ImpactView = z.infer<typeof impactView>;

export const WARNINGS = [
  /** Devices could not be managed: not locked, wiped or told anything but the order list. */
  'names_management',
  'names_enrolment',
  /** A device of somebody who approves orders. */
  'reaches_approver',
  /** More of the fleet than the operator's own bound. */
  'large_share',
  /** Devices whose place nobody knows are denied. */
  'denies_unknown',
] as const;

const written = z.string().max(10_000);
/**
 * What an admin is writing, as far as it is written: nothing is stored. `order` and `act` for a further revision. Looser than a proposal, whose
 * shape refuses the whole for one empty field: here each field is answered for itself.
 */
export const orderDraft = z.strictObject({
  order: z.string().max(64).optional(),
  act: z.enum(ORDER_ACTS).default('propose'),
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
  travellers: z.string().max(64).optional(),
  waiting: z.string().max(64).optional(),
  disputed: z.record(z.string().max(64), z.string().max(64)).optional(),
  authority: written.optional(),
  addressee: written.optional(),
  instrument: written.optional(),
  statement: z.record(z.string().max(64), written).optional(),
  appeal: written.optional(),
  exempt: z
    .array(z.union([z.strictObject({ device: z.string().max(64) }), z.strictObject({ group: z.string().max(64) })]))
    .max(1000)
    .optional(),
});
export const orderPreview = z.object({
  /**
   * What would be refused, each with the field that it is about (`effective`, `areas.1`, `statement.en`); `order` and `act` are about the whole.
   * Empty when it could be proposed. `suggestions`: what could have been meant instead, to be put into the field as it is.
   */
  problems: z.array(
    z.object({ field: z.string(), code: z.string(), detail: z.string(), suggestions: z.array(z.string()) }),
  ),
  /** How the times are read, in UTC; null while they cannot be. */
  effective: instant.nullable(),
  until: instant.nullable(),
  warnings: z.array(z.object({ code: z.enum(WARNINGS), detail: z.string(), devices: z.int().nullable() })),
  /** At the effective time. Null while there are problems. */
  impact: impactView.omit({ devices: true, total: true, revision: true }).nullable(),
});
export type OrderPreview = z.infer<typeof orderPreview>;

/**
 * How far the adopted revision has come, by devices' own signed words. Everything is counted among the devices that the order reaches: every
 * device of a fleet reports that it is informed of every order, and those that an order has nothing to do with would drown the others.
 */
export const orderProgress = z.object({
  /** Null, and all counts 0, before one is adopted. */
  revision: z.int().nullable(),
  /** In force or about to be: whom it denies something, by what the server knows now. Over (withdrawn, held, ended): who had enforced it. */
  reached: z.int(),
  connected: z.int(),
  /** Has stored a list with this revision. */
  informed: z.int(),
  /** Has displayed this revision to a person. */
  shown: z.int(),
  /** Says last of some service that the order closed it: of this revision or of an earlier one that it still holds. */
  enforced: z.int(),
  /** Says that it opened again all that it had closed. */
  restored: z.int(),
  /** Domain time of the newest receipt counted. */
  newest: instant.nullable(),
});
export type OrderProgress = z.infer<typeof orderProgress>;
/** Warnings about a revision as it stands; the same that its author was shown. */
export const orderWarnings = orderPreview.pick({ warnings: true });
