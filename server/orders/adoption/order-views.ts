/** Orders and revisions in the form in which the API returns them. */
import { ORDER_ACTS, type OrderAct, type OrderTerms, type Revision } from '../../../shared/order/documents.ts';
import { type PassedTime, passedWhilePending } from '../../../shared/order/immediate-effect.ts';
import { isProposalEnd, PROPOSAL_LIFETIME, type ProposalEnd } from '../../../shared/order/proposal-end.ts';
import { withheldAt } from '../../../shared/order/stub.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import type { Execution, ExecutionState } from '../effect/executions.ts';
import type { ProceedingsView } from '../evidence/proceedings.ts';
import type { OrderRow, RevisionRow } from '../ports.ts';
import { readPayload } from './revision-payload.ts';

export interface RevisionSummary {
  readonly order: string;
  readonly revision: number;
  readonly action: OrderAct;
  readonly state: RevisionRow['state'];
  readonly digest: string;
  /** Proposer of the revision. Null if the reader may not know the proposer (`order-visibility.ts`). */
  readonly proposer: string | null;
  readonly proposedAt: Instant;
  readonly adoptedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly endedBy: string | null;
  readonly endReason: string | null;
  /** Time when the proposal expires; null if the revision is not pending. */
  readonly expiresAt: Instant | null;
  /**
   * Tells whether the revision's effective time or end passed while the proposal was pending; null if neither passed. If one passed, an
   * approver must confirm the immediate effect.
   */
  readonly passed: PassedTime | null;
  readonly withheld: boolean;
  readonly approvals: { readonly person: string; readonly keyid: string; readonly approvedAt: Instant }[];
}

export interface RevisionView extends RevisionSummary {
  /** Exact text of the revision. Approvers sign this text in UTF-8. */
  readonly payload: string;
}

export interface OrderView {
  readonly number: string;
  readonly title: string;
  /** State of the order's adopted revision. If no revision is adopted, the state is `proposed`, or says how the last proposal ended. */
  readonly status: 'proposed' | ProposalEnd | Revision['status'];
  readonly adoptedRevision: number | null;
  readonly latestRevision: number;
  /** End of a one-person pause. Null for a pause without an end, and for an order that is not paused. */
  readonly pausedUntil: Instant | null;
  /** Terms of the adopted revision. If no revision is adopted, the terms of the latest revision. */
  readonly terms: OrderTerms;
  /** True if the revision whose terms are in `terms` is withheld. */
  readonly withheld: boolean;
  readonly revisions: RevisionSummary[];
  readonly proceedings: ProceedingsView;
  readonly executions: { readonly revision: number; readonly state: ExecutionState; readonly at: Instant }[];
}

function summary(row: RevisionRow, rows: readonly RevisionRow[], now: Instant): RevisionSummary {
  const { order, revision, state, digest, proposer, proposedAt, adoptedAt, approvals } = row;
  const { endedAt, endedBy, endReason } = row;
  const pending = state === 'waiting' || state === 'requested';
  const act = ORDER_ACTS.find((each) => each === row.act) ?? 'propose';
  return {
    order,
    revision,
    action: act,
    state,
    digest,
    proposer,
    proposedAt,
    adoptedAt,
    endedAt,
    endedBy,
    endReason,
    expiresAt: pending ? proposedAt + PROPOSAL_LIFETIME : null,
    passed: pending ? passedIn(row, rows, now) : null,
    withheld: withheldAt(readPayload(row.payload), now),
    approvals: approvals.map(({ person, keyid, approvedAt }) => ({ person, keyid, approvedAt })),
  };
}

/**
 * Returns which time of a revision (effective time or end) passed while the proposal was pending; null if neither passed. `rows` has all
 * revisions of the order.
 */
export function passedIn(row: RevisionRow, rows: readonly RevisionRow[], now: Instant): PassedTime | null {
  const document = readPayload(row.payload);
  const base = rows.find(({ digest }) => digest === document.previous);
  return passedWhilePending(document, base ? readPayload(base.payload) : null, now);
}

/** Converts a revision for the API. `rows` has all revisions of the order. */
export function revisionView(row: RevisionRow, rows: readonly RevisionRow[], now: Instant): RevisionView {
  return { ...summary(row, rows, now), payload: row.payload };
}

/** State of an order that has no adopted revision, derived from its last proposal. */
function proposalStatus(rows: readonly RevisionRow[]): 'proposed' | ProposalEnd {
  if (rows.some(({ state }) => state === 'waiting')) return 'proposed';
  const state = rows.findLast((row) => row.state !== 'superseded')?.state ?? 'waiting';
  return isProposalEnd(state) ? state : 'proposed';
}

/** Chooses the revision with the displayed terms: the adopted revision, else the pending revision, else the latest revision. */
export function shownRevision(
  { number, adoptedRevision, latestRevision }: OrderRow,
  rows: readonly RevisionRow[],
): RevisionRow {
  const waiting = rows.find((row) => row.state === 'waiting')?.revision;
  const shown = rows.find((row) => row.revision === (adoptedRevision ?? waiting ?? latestRevision));
  if (!shown) throw new Error(`order ${number} has no revision ${adoptedRevision ?? latestRevision}`);
  return shown;
}

/** Converts an order for the API. `rule` is the rule of the adopted revision; undefined if no revision is adopted. */
export function orderView(
  order: OrderRow,
  rows: readonly RevisionRow[],
  executions: readonly Execution[],
  proceedings: ProceedingsView,
  rule: Pick<OrderRule, 'pausedUntil'> | undefined,
  now: Instant,
): OrderView {
  const document = readPayload(shownRevision(order, rows).payload);
  const { status, terms } = document;
  return {
    number: order.number,
    title: terms.title,
    status: order.adoptedRevision === null ? proposalStatus(rows) : status,
    adoptedRevision: order.adoptedRevision,
    latestRevision: order.latestRevision,
    pausedUntil: rule && rule.pausedUntil !== Infinity ? rule.pausedUntil : null,
    terms,
    withheld: withheldAt(document, now),
    revisions: rows.map((row) => summary(row, rows, now)),
    proceedings,
    executions: executions.map(({ revision, state, at }) => ({ revision, state, at })),
  };
}
