/** Orders and revisions in the form in which the API returns them. */
import { ORDER_ACTIONS, type OrderAction, type OrderTerms, type Revision } from '../../../shared/order/documents.ts';
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
  readonly action: OrderAction;
  readonly state: RevisionRow['state'];
  readonly digest: string;
  /** Proposer of the revision; null if the reader may not know the proposer (`order-visibility.ts`). */
  readonly proposer: string | null;
  readonly proposedAt: Instant;
  readonly adoptedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly endedBy: string | null;
  readonly endReason: string | null;
  readonly expiresAt: Instant | null;
  /**
   * Time of a pending proposal that has passed since it was proposed: its effective time or its end. Null if neither has passed. If one has
   * passed, approvers must confirm that the revision takes effect or ends immediately.
   */
  readonly passed: PassedTime | null;
  readonly withheld: boolean;
  readonly approvals: { readonly person: string; readonly keyid: string; readonly approvedAt: Instant }[];
}

export interface RevisionView extends RevisionSummary {
  readonly payload: string;
}

export interface OrderView {
  readonly number: string;
  readonly title: string;
  /** State of the adopted revision of an order. Without an adopted revision: `proposed`, or how the last proposal ended. */
  readonly status: 'proposed' | ProposalEnd | Revision['status'];
  readonly adoptedRevision: number | null;
  readonly latestRevision: number;
  /**
   * Time at which a pause of the order ends by itself, because only one person approved the pause. Null if the order is not paused, or
   * paused without an end.
   */
  readonly pausedUntil: Instant | null;
  /** Terms of the adopted revision. Without an adopted revision: terms of the latest revision. */
  readonly terms: OrderTerms;
  readonly withheld: boolean;
  readonly revisions: RevisionSummary[];
  readonly proceedings: ProceedingsView;
  readonly executions: { readonly revision: number; readonly state: ExecutionState; readonly at: Instant }[];
}

function summary(row: RevisionRow, rows: readonly RevisionRow[], now: Instant): RevisionSummary {
  const { order, revision, state, digest, proposer, proposedAt, adoptedAt, approvals } = row;
  const { endedAt, endedBy, endReason } = row;
  const pending = state === 'waiting' || state === 'requested';
  const action = ORDER_ACTIONS.find((each) => each === row.action) ?? 'propose';
  return {
    order,
    revision,
    action,
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

export function passedIn(row: RevisionRow, rows: readonly RevisionRow[], now: Instant): PassedTime | null {
  const document = readPayload(row.payload);
  const base = rows.find(({ digest }) => digest === document.previous);
  return passedWhilePending(document, base ? readPayload(base.payload) : null, now);
}

export function revisionView(row: RevisionRow, rows: readonly RevisionRow[], now: Instant): RevisionView {
  return { ...summary(row, rows, now), payload: row.payload };
}

function proposalStatus(rows: readonly RevisionRow[]): 'proposed' | ProposalEnd {
  if (rows.some(({ state }) => state === 'waiting')) return 'proposed';
  // A restore ends pending proposals, and no other proposal replaces them.
  const state = rows.findLast((row) => row.state !== 'superseded')?.state ?? 'expired';
  return isProposalEnd(state) ? state : 'proposed';
}

export function shownRevision(
  { number, adoptedRevision }: Pick<OrderRow, 'number' | 'adoptedRevision'>,
  rows: readonly RevisionRow[],
): RevisionRow {
  const shown =
    adoptedRevision === null
      ? (rows.find((row) => row.state === 'waiting') ?? rows.at(-1))
      : rows.find((row) => row.revision === adoptedRevision);
  if (!shown)
    throw new Error(
      `order ${number} lacks its ${adoptedRevision === null ? 'revisions' : `revision ${adoptedRevision}`}`,
    );
  return shown;
}

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
    latestRevision: rows.at(-1)?.revision ?? 0,
    pausedUntil: rule && rule.pausedUntil !== Infinity ? rule.pausedUntil : null,
    terms,
    withheld: withheldAt(document, now),
    revisions: rows.map((row) => summary(row, rows, now)),
    proceedings,
    executions: executions.map(({ revision, state, at }) => ({ revision, state, at })),
  };
}
