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

/** Of which kind a device's tie to an order is. A device may be of several. */
export const IMPACT_CLASSES = [
  /** Some service is denied. */
  'denied',
  /** The order's place and another one are both possible. */
  'borderline',
  'unknown',
  /** In the order's place, at home elsewhere. */
  'visiting',
  /** At home in the order's place, elsewhere now. */
  'travelling',
  'exempt',
  /** Not connected, and holds the newest list: it will obey by itself. */
  'offline_current',
  /** Not connected, and holds an older list: it learns of the order when it comes back. */
  'offline_behind',
] as const;
export type ImpactClass = (typeof IMPACT_CLASSES)[number];

export const impactQuery = z.strictObject({
  /** On the facts of this moment: as if it were now in force, or at its effective time (grace that will have run out by then is gone). */
  at: z.enum(['now', 'effective']).default('effective'),
  class: z.enum(IMPACT_CLASSES).optional(),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).max(200).default(50),
});
/** By handle, never by name. */
export const impactView = z.object({
  at: instant,
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

/** What an admin is writing, as far as it is written: nothing is stored. `order` and `act` for a further revision. */
export const orderDraft = z.strictObject({
  order: orderNumber.optional(),
  act: z.enum(ORDER_ACTS).default('propose'),
  ...termsInput.partial().shape,
  exempt: exemptSchema.optional(),
});
export const orderPreview = z.object({
  /** What would be refused, each with the field that it is about (`effective`, `areas.1`); empty when it could be proposed. */
  problems: z.array(z.object({ field: z.string(), code: z.string(), detail: z.string() })),
  /** How the times are read, in UTC; null while they cannot be. */
  effective: instant.nullable(),
  until: instant.nullable(),
  warnings: z.array(z.object({ code: z.enum(WARNINGS), detail: z.string(), devices: z.int().nullable() })),
  /** Null while there are problems. */
  impact: impactView.omit({ devices: true, total: true }).nullable(),
});
export type OrderPreview = z.infer<typeof orderPreview>;

/** How far the adopted revision has come, by devices that the order denies something when it is in force. */
export const orderProgress = z.object({
  revision: z.int().nullable(),
  reached: z.int(),
  connected: z.int(),
  informed: z.int(),
  shown: z.int(),
  enforced: z.int(),
  restored: z.int(),
  /** Domain time of the newest receipt counted. */
  newest: instant.nullable(),
});
export type OrderProgress = z.infer<typeof orderProgress>;
/** Warnings about a revision as it stands; the same that its author was shown. */
export const orderWarnings = orderPreview.pick({ warnings: true });
