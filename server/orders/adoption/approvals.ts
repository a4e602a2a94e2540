/**
 * Approvals of revisions. The server verifies each signature over the exact bytes and records it. Enough approvals by different people
 * adopt the revision.
 */
import { CordonError } from '../../../shared/errors.ts';
import { stateOf } from '../../../shared/order/acts.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import { PAYLOAD_TYPES, type Revision } from '../../../shared/order/documents.ts';
import { verifySignature } from '../../../shared/order/dsse.ts';
import { IMMEDIATE_WORDS, immediateText, type PassedTime } from '../../../shared/order/immediate-effect.ts';
import { pae } from '../../../shared/order/pae.ts';
import { isProposalEnd, PROPOSAL_LIFETIME } from '../../../shared/order/proposal-end.ts';
import { stubText } from '../../../shared/order/stub.ts';
import type { PersonId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import type {
  AdoptionStore,
  ApprovalRow,
  ApproverStore,
  ListChange,
  OrderRow,
  OrderStore,
  RevisionRow,
} from '../ports.ts';
import type { AdoptedOrders } from './adopted-orders.ts';
import { type ApprovalDecision, decideApproval, isOneEnough } from './approval-decision.ts';
import { peopleOf } from './independence.ts';
import { passedIn } from './order-views.ts';
import { readPayload } from './revision-payload.ts';
import { orderOf } from './stored-orders.ts';

/**
 * Result of one approval. `second_approver_required` together with `adopted: false` means that the server recorded the approval and one
 * more person must approve.
 */
export interface ApprovalResult {
  readonly adopted: boolean;
  readonly code: 'second_approver_required' | null;
  readonly detail: string;
}

export interface ApprovalGiven {
  readonly keyid: string;
  readonly signature: string;
  /** Signature over the stub of a withheld revision; undefined for a public revision. */
  readonly stub?: string | undefined;
  /** Signature over the statement that the revision takes effect immediately. Undefined if the approver need not confirm this. */
  readonly immediate?: string | undefined;
}

interface Approved {
  readonly result: ApprovalResult;
  /** The order whose entry in the order list changed, with its rule before the change. Null if no order changed. */
  readonly changed: { readonly order: string; readonly before: OrderRule | undefined } | null;
}

const isPending = ({ state }: Pick<RevisionRow, 'state'>): boolean => state === 'waiting' || state === 'requested';

function checkSignature(
  row: RevisionRow,
  approverSet: ApproverSet,
  { keyid, signature, stub, immediate }: ApprovalGiven,
): void {
  const key = approverSet.keys.find((each) => each.keyid === keyid);
  const signed = (type: string, text: string, given: string) =>
    key !== undefined && verifySignature(key.key, pae(type, Buffer.from(text)), Buffer.from(given, 'base64'));
  const refuse = (what: string) => {
    const { order, revision, digest } = row;
    throw new CordonError('approval_invalid', what, { order, revision, digest });
  };
  if (!signed(PAYLOAD_TYPES.revision, row.payload, signature)) {
    refuse('The signature is not over the exact bytes of this revision.');
  }
  const shown = stubText(row.payload, row.digest);
  if (shown === null ? stub !== undefined : stub === undefined || !signed(PAYLOAD_TYPES.stub, shown, stub)) {
    refuse('The approval of a withheld revision needs a valid signature over its stub. Other revisions have no stub.');
  }
  const statement = immediateText(row.payload, row.digest);
  if (immediate !== undefined && !signed(PAYLOAD_TYPES.immediateEffect, statement, immediate)) {
    refuse('The signature is not over the statement that this revision takes effect immediately.');
  }
}

/**
 * Checks the signed confirmation of the immediate effect. An approver must confirm it if a time of the revision passed during the proposal.
 * Throws if the confirmation is missing or unnecessary.
 */
function checkPassed({ order, revision }: RevisionRow, passed: PassedTime | null, immediate: string | undefined): void {
  if (passed === null && immediate === undefined) return;
  if (passed === null) {
    const detail = `No time of revision ${revision} of order ${order} has passed, so it does not take effect immediately. Approve it without that confirmation.`;
    throw new CordonError('approval_invalid', detail, { order, revision });
  }
  if (immediate !== undefined) return;
  const detail = `Revision ${revision} of order ${order} ${IMMEDIATE_WORDS[passed]}. Confirm this in what you sign (--immediate, or the check box in the console), or propose the revision again with another time.`;
  throw new CordonError('immediate_effect_unconfirmed', detail, { order, revision, passed });
}

/** Returns the state of a pending or adopted revision. Throws for all other states. */
function approvableState(row: RevisionRow, order: OrderRow, now: Instant): 'requested' | 'waiting' | 'adopted' {
  const { revision } = row;
  if (row.state === 'expired' || (isPending(row) && now >= row.proposedAt + PROPOSAL_LIFETIME)) {
    const detail = `The proposal of revision ${revision} of order ${row.order} expired 14 days after it was made. Propose it again.`;
    throw new CordonError('proposal_expired', detail, { order: row.order, revision });
  }
  if (isProposalEnd(row.state)) {
    const why = row.endReason === null ? '' : ` Reason: ${row.endReason}`;
    const detail = `Revision ${revision} of order ${row.order} was ${row.state} and cannot be approved.${why}`;
    throw new CordonError('proposal_ended', detail, { order: row.order, revision, state: row.state });
  }
  if (row.state === 'superseded' || (row.state === 'adopted' && revision !== order.adoptedRevision)) {
    throw new CordonError('revision_superseded', `Revision ${revision} of order ${row.order} is superseded.`, {
      latest: order.latestRevision,
    });
  }
  return row.state;
}

export function createApprovals(ports: {
  readonly orders: Pick<OrderStore, 'order' | 'revisions'>;
  readonly approvers: Pick<ApproverStore, 'people'>;
  readonly store: Pick<AdoptionStore, 'recordApproval'>;
  readonly clock: Clock;
  readonly state: AdoptedOrders;
}) {
  const { orders, approvers, store, clock, state } = ports;

  function resultOf(
    order: string,
    adopted: boolean,
    { adoption: { missing }, related }: Pick<ApprovalDecision, 'adoption' | 'related'>,
    list: ListChange | null,
  ): ApprovalResult {
    if (adopted) {
      const version = list?.list.version ?? state.list.current()?.version;
      return { adopted, code: null, detail: `Order ${order} is adopted and is in list ${version}.` };
    }
    const more = `${missing} more ${missing === 1 ? 'person' : 'people'} must approve, not the proposer.`;
    const why = related === null ? '' : `The approval counts as one with an earlier approval. ${related} `;
    return { adopted, code: 'second_approver_required', detail: `Recorded. ${why}${more}` };
  }

  /**
   * Throws if the pause has ended under which the change was proposed. The adoption of the change would otherwise pause the order again
   * (ADR 11).
   */
  async function requirePauseUnchanged({ order, act, status }: Revision, adopted: number | null, now: Instant) {
    if (status !== 'paused' || act === 'pause') return;
    if (adopted !== (state.accepted().get(order)?.revision.revision ?? null)) await state.load();
    const pauseState = stateOf(state.accepted().get(order) ?? null, now);
    if (pauseState !== 'lapsed') return;
    const detail =
      'The pause under which this revision was proposed has ended. Its approval would pause the order again without an end. Propose the revision again.';
    throw new CordonError('action_not_allowed', detail, { state: pauseState, act });
  }

  async function approve(
    approver: PersonId,
    number: string,
    revision: number,
    given: ApprovalGiven,
  ): Promise<Approved> {
    const { keyid, signature, stub = null, immediate = null } = given;
    const approverSet = state.approvers.require();
    // Read the revisions before the order. If another node adopts a revision between the two reads, the conditional update then fails.
    const rows = await orders.revisions(number);
    const order = await orderOf(orders, number);
    const row = rows.find((each) => each.revision === revision);
    if (!row) throw new CordonError('not_found', `Order ${number} has no revision ${revision}.`);
    const rowState = approvableState(row, order, clock.now());
    const document = readPayload(row.payload);
    const base = rows.find((each) => each.digest === document.previous);
    const basePaused = base !== undefined && readPayload(base.payload).status === 'paused';
    // A single approver can always pause an order, even if another proposal is pending. The adopted pause supersedes that proposal.
    if (row.state === 'requested' && !isOneEnough(document, basePaused)) {
      const detail = `Another proposal of order ${number} is pending. A second person has to confirm first that revision ${revision} replaces it.`;
      throw new CordonError('replacement_unconfirmed', detail, { order: number, revision });
    }
    const { threshold } = approverSet.approvers;
    const people = peopleOf(await approvers.people());
    const decision = decideApproval(
      document,
      { keyid },
      row.approvals,
      approverSet.persons,
      threshold,
      basePaused,
      people,
    );
    const { adoption, isNew } = decision;
    if (people.canonical(approverSet.persons.get(keyid) ?? '') !== approver) {
      throw new CordonError('forbidden', 'This key belongs to another person: sign with your own.');
    }
    checkSignature(row, approverSet, given);
    if (!isNew) return { result: resultOf(number, row.state === 'adopted', decision, null), changed: null };
    const now = clock.now();
    if (isPending(row)) {
      await requirePauseUnchanged(document, order.adoptedRevision, now);
      checkPassed(row, passedIn(row, rows, now), given.immediate);
    }
    const approval: ApprovalRow = { person: approver, keyid, signature, stub, immediate, approvedAt: now };
    const adopts = isPending(row) && adoption.adopted;
    // The order list may have grown since the proposal, because other orders were adopted.
    if (adopts) state.requireRoom(document, row.payload);
    const before = state.rules().find((rule) => rule.order === number);
    const signed: RevisionRow = { ...row, approvals: [...row.approvals, approval] };
    const list = adopts || row.state === 'adopted' ? state.publisher.next(approverSet, signed, rows) : null;
    const about = { order: number, revision, digest: row.digest };
    // The ledger must not reveal the times of a withheld order.
    const confirmed = immediate !== null && document.salt === undefined && { immediate };
    await store.recordApproval(
      {
        order: number,
        revision,
        state: rowState,
        counted: row.approvals.length,
        approval,
      },
      { kind: 'order.approval', at: now, subject: approver, public: { ...about, keyid, ...confirmed } },
      adopts ? { kind: 'order.adopted', at: now, subject: null, public: about } : null,
      list,
    );
    return {
      result: resultOf(number, list !== null, decision, list),
      changed: list ? { order: number, before } : null,
    };
  }

  return { approve };
}
