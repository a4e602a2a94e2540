/** Orders: proposals, acts, approvals, and what came of them. */
import { z } from 'zod';
import {
  base64,
  decisionRecordSchema,
  instrumentDocumentSchema,
  mediaType,
  NOTICE_MOMENTS,
  ORDER_ACTS,
  orderNumber,
  orderTermsSchema,
  RECEIPT_KINDS,
  sha256Hex,
} from '../order/documents.ts';
import { destroyedSchema } from '../pack/destruction.ts';
import { deviceIdSchema, groupIdSchema, packIdSchema } from '../protocol/ids.ts';
import { SERVICES } from '../verdict/terms.ts';
import { instant } from './wire.ts';

/** The longest reason for an exemption. */
export const LONGEST_REASON = 2000;

/** Until when, as other times of the order are written; without it, as long as the order lasts. Why: kept by the server, for us alone. */
const exemptSaid = {
  until: z.string().max(64).nullable().optional(),
  reason: z.string().max(LONGEST_REASON).optional(),
};
const exemptSchema = z
  .array(
    z.union([
      z.strictObject({ device: deviceIdSchema, ...exemptSaid }),
      z.strictObject({ group: groupIdSchema, ...exemptSaid }),
    ]),
  )
  .max(1000);

const { waiting, receivedOn, provenance, documents, notice, noticePlan, exportWindow, answers } =
  orderTermsSchema.shape;
/** What need not be said; null takes away what was said before. */
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
};

/**
 * What an admin writes. Areas, services, times and disputed ground are read by the orders module, which has an error of its own for each.
 * Times: RFC 3339 with an offset, or local time in the order's `zone` (`2015-11-30T23:59`).
 */
const termsInput = orderTermsSchema.omit({ internal: true }).extend({
  areas: z.array(z.string().max(64)).min(1).max(300),
  services: z.array(z.string().max(64)).min(1).max(16),
  disputed: z.record(z.string().max(64), z.string().max(64)),
  effective: z.string().max(64),
  until: z.string().max(64).nullable(),
  ...maybe,
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
  /** Kept apart from the order, which commits to it. */
  decision: decisionRecordSchema.optional(),
});

export const orderAct = z.strictObject({
  act: z.enum(ORDER_ACTS).exclude(['propose']),
  ...termsInput.partial().shape,
  exempt: exemptSchema.optional(),
  decision: decisionRecordSchema.optional(),
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

export const approvalBody = z.strictObject({
  keyid: sha256Hex,
  signature: base64.max(128),
  /** Over the stub, of a revision that is kept from the public. */
  stub: base64.max(128).optional(),
});
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
/** Whom a revision exempts, by handle. */
export const exemptionList = z.object({
  revision: z.int(),
  exemptions: z.array(
    z.object({
      device: deviceIdSchema,
      /** Null: as long as the order lasts. What has run out stands here too. */
      until: instant.nullable(),
      reason: z.string().nullable(),
      /** In which this was decided; later ones have left it as it was. */
      decidedIn: z.int(),
      askedBy: z.string(),
      /** Empty while nobody has signed it. */
      approvedBy: z.array(z.string()),
    }),
  ),
  /** Person → name, of those who asked or approved. */
  people: z.record(z.string(), z.string()),
});
export type ExemptionList = z.infer<typeof exemptionList>;
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
      /** Which notice of the plan; absent: the order as such. */
      notice: z.string().optional(),
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
  /**
   * Denied, and has never said that it holds a list in which any revision of the order stands: as things are, its person would be cut off without
   * ever having been noticed. Of an order that was never adopted, everyone who is denied.
   */
  'uninformed',
] as const;
export type ImpactClass = (typeof IMPACT_CLASSES)[number];

/** What a revision changes for a device, held against another one: it comes in, goes out, or is denied (or not) for other reasons. */
export const IMPACT_CHANGES = ['in', 'out', 'changed'] as const;
export type ImpactChange = (typeof IMPACT_CHANGES)[number];

export const impactFilter = z.strictObject({
  /**
   * `now`: as if it were in force at this moment. `effective`: at its effective time, or now when that has passed. Grace and exemptions that
   * will have run out by then have; where devices are is taken to be as it is now, since nobody knows where they will be.
   */
  at: z.enum(['now', 'effective']).default('effective'),
  /** Absent: the one that waits for approvals, or else the adopted one. */
  revision: z.coerce.number().int().min(1).optional(),
  /** Another revision of the order, to tell what this one changes. Each at its own effective time, unless it is asked for `now`. */
  against: z.coerce.number().int().min(1).optional(),
  class: z.enum(IMPACT_CLASSES).optional(),
  change: z.enum(IMPACT_CHANGES).optional(),
  /** Where they are, or may be: a code that stands in `places`, or the country of one. */
  area: z.string().max(64).optional(),
});
export const impactQuery = impactFilter.extend({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).max(200).default(50),
});
const waits = z.object({
  /** Sealed messages in its mailbox, and their bytes; what becomes of them is the order's `waiting` rule. */
  messages: z.int(),
  bytes: z.int(),
  /** Queued, or stored by the device and not carried out. */
  commands: z.int(),
});
/** By handle, never by name. */
export const impactView = z.object({
  /** The instant for which it holds. */
  at: instant,
  revision: z.int(),
  against: z.int().nullable(),
  /** Active devices of the whole installation. */
  fleet: z.int(),
  counts: z.record(z.enum(IMPACT_CLASSES), z.int()),
  /** Null when the revision is held against none. */
  changes: z.record(z.enum(IMPACT_CHANGES), z.int()).nullable(),
  /** For those that are denied. */
  waiting: waits.extend({ devices: z.int() }),
  /** By where they are or may be: who may be in two places counts in both. */
  places: z.array(z.object({ area: z.string(), devices: z.int(), denied: z.int() })),
  /** How many devices there are in the class, the change and the place that were asked for, or in any. */
  total: z.int(),
  devices: z.array(
    z.object({
      device: deviceIdSchema,
      classes: z.array(z.enum(IMPACT_CLASSES)),
      denied: z.array(z.enum(SERVICES)),
      reasons: z.array(z.string()),
      areas: z.array(z.string()),
      /** When its exemption runs out; null: it has none, or one without an end. */
      exemptUntil: instant.nullable(),
      home: z.string().nullable(),
      connected: z.boolean(),
      waits,
      change: z
        .object({
          kind: z.enum(IMPACT_CHANGES),
          before: z.object({ denied: z.array(z.enum(SERVICES)), reasons: z.array(z.string()) }),
        })
        .nullable(),
    }),
  ),
});
export type ImpactView = z.infer<typeof impactView>;

/** Whom an age file of names is sealed to. */
const recipient = z.strictObject({
  name: z.string().trim().min(1).max(200),
  /** An age recipient: `age1…`. */
  key: z.string().max(200),
});

/** `since`: the size of a checkpoint that somebody keeps; the pack then proves that the ledger grew from it. */
export const packQuery = z.strictObject({ since: z.coerce.number().int().min(1).optional() });
export const packParams = orderParams.extend({ pack: packIdSchema });
export const packNames = z.strictObject({ recipient });
export const packList = z.object({
  /** The newest first. */
  packs: z.array(z.object({ pack: packIdSchema, at: instant, by: z.string(), devices: z.int() })),
  /** Account → name. */
  people: z.record(z.string(), z.string()),
});

/** The names behind the handles: an age file for one named recipient, whose making is in the ledger. */
export const impactNames = impactFilter.extend({ recipient });

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
  /** A hold by one person, which would lapse, does not any more. */
  'hold_lasts',
  /** Work data is wiped, for good. */
  'destroys',
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
  disputed: z.record(z.string().max(64), z.string().max(64)).optional(),
  authority: written.optional(),
  addressee: written.optional(),
  instrument: written.optional(),
  statement: z.record(z.string().max(64), written).optional(),
  appeal: written.optional(),
  decision: z
    .strictObject({ considered: z.string().max(50_000), by: written, reasons: z.string().max(50_000) })
    .partial()
    .optional(),
  exempt: z
    .array(
      z.union([
        z.strictObject({ device: z.string().max(64), ...exemptSaid }),
        z.strictObject({ group: z.string().max(64), ...exemptSaid }),
      ]),
    )
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
  impact: impactView.pick({ at: true, fleet: true, counts: true }).nullable(),
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
  /**
   * Notices of the plan for the date that stands now, by all devices that speak of one: kept on the device, and displayed to a person. `late`: of those that
   * keep it, whoever was given it more than a tenth of its lead after its moment (3 days for 30), by the device's own time.
   */
  notices: z.array(z.object({ moment: z.enum(NOTICE_MOMENTS), informed: z.int(), shown: z.int(), late: z.int() })),
});
export type OrderProgress = z.infer<typeof orderProgress>;

/** What an exit has come to. */
export const orderExit = z.object({
  /** Null while no exit is in force and none was carried out. */
  exit: z
    .object({
      revision: z.int(),
      adoptedAt: instant,
      /** From then on the enrolments of those that never answered are ended. */
      silentAfter: instant,
      wiped: z.int(),
      silent: z.int(),
      held: z.int(),
      waiting: z.int(),
      unheard: z.int(),
      destroyed: destroyedSchema,
    })
    .nullable(),
});
export type OrderExit = NonNullable<z.infer<typeof orderExit>['exit']>;
export const documentQuery = z.strictObject({ mediaType });
export const documentParams = orderParams.extend({ sha256: sha256Hex });
/** A document that is kept: with a title, what a proposal names. */
export const keptDocument = instrumentDocumentSchema.omit({ title: true });
export const decisionView = decisionRecordSchema.extend({ commitment: sha256Hex, salt: sha256Hex });

/** Warnings about a revision as it stands; the same that its author was shown. */
export const orderWarnings = orderPreview.pick({ warnings: true });
