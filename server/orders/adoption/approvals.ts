/**
 * Approvals of revisions. The server verifies each approver's signature over the revision's exact bytes and records the signature.
 * Approvals by enough different people adopt the revision.
 */
import { CordonError } from '../../../shared/errors.ts';
import { stateOf } from '../../../shared/order/action-outcomes.ts';
import type { Revision } from '../../../shared/order/documents.ts';
import type { PersonId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import { peopleOf } from '../../independence/independence.ts';
import type { AdoptionStore, ApprovalRow, ApproverStore, OrderStore, RevisionRow } from '../ports.ts';
import type { AdoptedOrders } from './adopted-orders.ts';
import { approvableState, checkPassed, checkSignature, isPending, type SubmittedApproval } from './approval-checks.ts';
import { type ApprovalDecision, decideApproval, isOneEnough } from './approval-decision.ts';
import { passedIn } from './order-views.ts';
import { readPayload } from './revision-payload.ts';
import { orderOf } from './stored-orders.ts';

export interface ApprovalResult {
  readonly adopted: boolean;
  readonly code: 'second_approver_required' | null;
  readonly detail: string;
}

interface Approved {
  readonly result: ApprovalResult;
  /**
   * Order whose entry in the public order list changed because of an approval. `before`: the rule from which devices' services were decided
   * before the change. Null if the approval changed no order.
   */
  readonly changed: { readonly order: string; readonly before: OrderRule | undefined } | null;
}

function resultOf(
  order: string,
  adopted: boolean,
  { adoption: { missing }, related }: Pick<ApprovalDecision, 'adoption' | 'related'>,
  listVersion: number | undefined,
): ApprovalResult {
  if (adopted) return { adopted, code: null, detail: `Order ${order} is adopted and is in list ${listVersion}.` };
  const more = `${missing} more ${missing === 1 ? 'person' : 'people'} must approve, not the proposer.`;
  const why = related === null ? '' : `The approval counts as one with an earlier approval. ${related} `;
  return { adopted, code: 'second_approver_required', detail: `Recorded. ${why}${more}` };
}

export function createApprovals(ports: {
  readonly orders: Pick<OrderStore, 'order' | 'revisions'>;
  readonly approvers: Pick<ApproverStore, 'people'>;
  readonly store: Pick<AdoptionStore, 'recordApproval'>;
  readonly clock: Clock;
  readonly state: AdoptedOrders;
}) {
  const { orders, approvers, store, clock, state } = ports;

  /**
   * Refuses to adopt a revision that was proposed during a pause of its order, if this pause has ended. Such a revision keeps the order
   * paused, so its adoption would pause the order again without an end (ADR 11).
   */
  async function requirePauseUnchanged({ order, action, status }: Revision, adopted: number | null, now: Instant) {
    if (status !== 'paused' || action === 'pause') return;
    if (adopted !== (state.accepted().get(order)?.revision.revision ?? null)) await state.load();
    const pauseState = stateOf(state.accepted().get(order) ?? null, now);
    if (pauseState !== 'lapsed') return;
    const detail =
      'The pause under which this revision was proposed has ended. Its approval would pause the order again without an end. Propose the revision again.';
    throw new CordonError('action_not_allowed', detail, { state: pauseState, action });
  }

  async function approve(
    approver: PersonId,
    number: string,
    revision: number,
    submitted: SubmittedApproval,
  ): Promise<Approved> {
    const { keyid, signature, stub = null, immediate = null } = submitted;
    const approverSet = state.approvers.require();
    // Read the revisions before the order. If another server process adopts a revision between the two reads, the update of the store fails
    // with `conflict`.
    const rows = await orders.revisions(number);
    const order = await orderOf(orders, number);
    const row = rows.find((each) => each.revision === revision);
    if (!row) throw new CordonError('not_found', `Order ${number} has no revision ${revision}.`);
    const rowState = approvableState(row, order, clock.now());
    const document = readPayload(row.payload);
    const base = rows.find((each) => each.digest === document.previous);
    const basePaused = base !== undefined && readPayload(base.payload).status === 'paused';
    // A single approver can pause an order even while another proposal is pending. The adopted pause supersedes the pending proposal.
    if (row.state === 'requested' && !isOneEnough(document, basePaused)) {
      const detail = `Another proposal of order ${number} is pending. A second person has to confirm first that revision ${revision} replaces it.`;
      throw new CordonError('replacement_unconfirmed', detail, { order: number, revision });
    }
    const { threshold } = approverSet.approvers;
    const people = peopleOf(await approvers.people());
    const { persons } = approverSet;
    const decision = decideApproval(document, { keyid }, row.approvals, persons, threshold, basePaused, people);
    const { adoption, isNew } = decision;
    if (!people.isSame(persons.get(keyid) ?? '', approver)) {
      throw new CordonError('forbidden', 'This key belongs to another person: sign with your own.');
    }
    checkSignature(row, approverSet, submitted);
    const currentList = state.list.current()?.version;
    if (!isNew) return { result: resultOf(number, row.state === 'adopted', decision, currentList), changed: null };
    const now = clock.now();
    if (isPending(row)) {
      await requirePauseUnchanged(document, order.adoptedRevision, now);
      checkPassed(row, passedIn(row, rows, now), submitted.immediate);
    }
    const approval: ApprovalRow = { person: approver, keyid, signature, stub, immediate, approvedAt: now };
    const adopts = isPending(row) && adoption.adopted;
    // Check the size again, because orders adopted since the proposal may have made the order list longer.
    if (adopts) state.requireRoom(document, row.payload);
    const before = state.rules().find((rule) => rule.order === number);
    const approved: RevisionRow = { ...row, approvals: [...row.approvals, approval] };
    const list = adopts || row.state === 'adopted' ? state.publisher.next(approverSet, approved, rows) : null;
    const particulars = { order: number, revision, digest: row.digest };
    // Omit the times of a withheld order, because the ledger is public.
    const confirmed = immediate !== null && document.salt === undefined && { immediate };
    await store.recordApproval(
      { order: number, revision, state: rowState, counted: row.approvals.length, approval },
      { kind: 'order.approval', at: now, subject: approver, public: { ...particulars, keyid, ...confirmed } },
      adopts ? { kind: 'order.adopted', at: now, subject: null, public: particulars } : null,
      list,
    );
    const result = resultOf(number, list !== null, decision, list?.list.version);
    return { result, changed: list ? { order: number, before } : null };
  }

  return { approve };
}
