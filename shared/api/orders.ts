import { z } from 'zod';
import { ORDER_ACTIONS, orderNumber, orderTermsSchema } from '../order/documents.ts';
import { proceedingSchema } from '../order/proceedings.ts';
import { PROPOSAL_ENDS } from '../order/proposal-end.ts';
import { WITHHELD_NOTICE } from './order-readings.ts';
import { instant } from './wire.ts';

export const orderParams = z.object({ number: orderNumber });

export const revisionParams = orderParams.extend({ revision: z.coerce.number().int().min(1) });

export const revisionSummary = z.object({
  order: z.string(),
  revision: z.int(),
  action: z.enum(ORDER_ACTIONS),
  /**
   * State of a revision of an order. `requested`: another proposal is pending, and a second person must confirm that this revision replaces
   * that proposal.
   */
  state: z.enum(['requested', 'waiting', 'adopted', 'superseded', ...PROPOSAL_ENDS]),
  digest: z.string(),
  /**
   * Person who proposed the revision. `proposer`, `endedBy` and `endReason` are null if the revision is withheld (not public) and the
   * reader may not read it.
   */
  proposer: z.string().nullable(),
  proposedAt: instant,
  adoptedAt: instant.nullable(),
  /** Time at which the proposal ended without adoption; null if it is pending, or if a newer revision replaced it. */
  endedAt: instant.nullable(),
  /** Account that ended a proposal or confirmed its replacement by another one; null if the proposal expired. */
  endedBy: z.string().nullable(),
  endReason: z.string().nullable(),
  /** Expiry of a pending proposal; null for other revisions. */
  expiresAt: instant.nullable(),
  /**
   * Time that passed while the proposed revision was pending: its start (`effective`) or its end (`until`). An approver must then confirm
   * that the revision takes effect immediately. Null if neither time has passed.
   */
  passed: z.enum(['effective', 'until']).nullable(),
  approvals: z.array(z.object({ person: z.string(), keyid: z.string(), approvedAt: instant })),
});

export const revisionView = revisionSummary.extend({
  payload: z.string(),
});
export type RevisionView = z.infer<typeof revisionView>;

const [answerSchema, filedSchema, decidedSchema] = proceedingSchema.options;

export const proceedingsView = z.object({
  answer: answerSchema.nullable(),
  appeals: z.array(z.object({ appeal: z.int(), filed: filedSchema, decided: decidedSchema.nullable() })),
  /** Records of answers and appeals, oldest first. Corrected records stay in the list. */
  records: z.array(
    z.object({ number: z.int(), recordedBy: z.string(), recordedAt: z.string(), proceeding: proceedingSchema }),
  ),
});
export type ProceedingsView = z.infer<typeof proceedingsView>;

const wholeOrder = z.object({
  /**
   * Visibility of an order to the reader. `public`: the order's text is not withheld. `restricted`: the text is withheld from the public,
   * and the server logs each reading.
   */
  visibility: z.enum(['public', 'restricted']),
  number: z.string(),
  title: z.string(),
  /** Status of the adopted revision. Without an adopted revision, the status is `proposed`, or says how the last proposal ended. */
  status: z.enum(['proposed', ...PROPOSAL_ENDS, 'active', 'paused', 'withdrawn']),
  adoptedRevision: z.int().nullable(),
  latestRevision: z.int(),
  /** End of an order's 72-hour pause, which one person alone can approve. Null if the order is not paused, or if the pause has no end. */
  pausedUntil: instant.nullable(),
  terms: orderTermsSchema,
  proceedings: proceedingsView,
  revisions: z.array(revisionSummary),
  /** Times at which an order took effect on the server (`active`) and stopped being in effect (`inactive`). */
  executions: z.array(z.object({ revision: z.int(), state: z.enum(['active', 'inactive']), at: instant })),
  /** Names of proposers and approvers by person id. Signed documents contain only the ids. */
  people: z.record(z.string(), z.string()),
});

/**
 * Withheld order (its text is not public) in the form for a reader who may not read its text. The response contains only the data that an
 * admin needs to manage affected devices, such as areas, services and times.
 */
const hiddenOrder = wholeOrder.omit({ proceedings: true }).extend({
  visibility: z.literal('hidden'),
  notice: z.literal(WITHHELD_NOTICE),
  terms: orderTermsSchema
    .pick({ areas: true, services: true, effective: true, until: true, zone: true, mode: true })
    .strip(),
});

export const orderView = z.discriminatedUnion('visibility', [wholeOrder, hiddenOrder]);
export type OrderView = z.infer<typeof wholeOrder>;
export type HiddenOrder = z.infer<typeof hiddenOrder>;

const inList = { revisions: true, executions: true, people: true } as const;

export const orderList = z.object({
  orders: z.array(z.discriminatedUnion('visibility', [wholeOrder.omit(inList), hiddenOrder.omit(inList)])),
});
export type OrderSummary = z.infer<typeof orderList>['orders'][number];
