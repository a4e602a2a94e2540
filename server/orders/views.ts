/** What is shown of orders: rows and their documents put together for people and the API. */
import { parseDocument } from '../../shared/order/canonical.ts';
import {
  ORDER_ACTS,
  type OrderAct,
  type OrderTerms,
  type Revision,
  revisionSchema,
} from '../../shared/order/documents.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { Execution, ExecutionState } from './executions.ts';
import type { OrderRow, RevisionRow } from './ports.ts';

export interface RevisionSummary {
  readonly order: string;
  readonly revision: number;
  readonly act: OrderAct;
  readonly state: RevisionRow['state'];
  readonly digest: string;
  readonly proposer: string;
  readonly proposedAt: Instant;
  readonly adoptedAt: Instant | null;
  readonly approvals: { readonly person: string; readonly keyid: string; readonly approvedAt: Instant }[];
}

export interface RevisionView extends RevisionSummary {
  /** The exact text that approvers sign (its UTF-8 bytes). */
  readonly payload: string;
}

export interface OrderView {
  readonly number: string;
  readonly title: string;
  /** Of the adopted revision; `proposed` while there is none. */
  readonly status: 'proposed' | Revision['status'];
  readonly adoptedRevision: number | null;
  readonly latestRevision: number;
  /** When a hold by one approver lapses; null for one that lasts until it is released, and for what is not held. */
  readonly heldUntil: Instant | null;
  /** Of the adopted revision, or else of the latest. */
  readonly terms: OrderTerms;
  readonly revisions: RevisionSummary[];
  readonly executions: { readonly revision: number; readonly state: ExecutionState; readonly at: Instant }[];
}

/** A revision out of our own store. */
export function readPayload(payload: string): Revision {
  return parseDocument(revisionSchema, Buffer.from(payload));
}

function summary(row: RevisionRow): RevisionSummary {
  const { order, revision, state, digest, proposer, proposedAt, adoptedAt, approvals } = row;
  const act = ORDER_ACTS.find((each) => each === row.act) ?? 'propose';
  return {
    order,
    revision,
    act,
    state,
    digest,
    proposer,
    proposedAt,
    adoptedAt,
    approvals: approvals.map(({ person, keyid, approvedAt }) => ({ person, keyid, approvedAt })),
  };
}

export function revisionView(row: RevisionRow): RevisionView {
  return { ...summary(row), payload: row.payload };
}

/** `rule`: of the adopted revision, if there is one. */
export function orderView(
  order: OrderRow,
  rows: readonly RevisionRow[],
  executions: readonly Execution[],
  rule: Pick<OrderRule, 'heldUntil'> | undefined,
): OrderView {
  const shown = rows.find((row) => row.revision === (order.adoptedRevision ?? order.latestRevision));
  if (!shown) throw new Error(`order ${order.number} has no revision ${order.adoptedRevision ?? order.latestRevision}`);
  const { status, terms } = readPayload(shown.payload);
  return {
    number: order.number,
    title: terms.title,
    status: order.adoptedRevision === null ? 'proposed' : status,
    adoptedRevision: order.adoptedRevision,
    latestRevision: order.latestRevision,
    heldUntil: rule && rule.heldUntil !== Infinity ? rule.heldUntil : null,
    terms,
    revisions: rows.map(summary),
    executions: executions.map(({ revision, state, at }) => ({ revision, state, at })),
  };
}
