/** Revisions and approver sets that wait for approvals, and the people who can still approve each of them. */
import { type ApproverSet, personsWhoSigned, readApproverSet } from '../../../shared/order/approvers.ts';
import { ORDER_ACTIONS, type OrderAction } from '../../../shared/order/documents.ts';
import { locationsOfOrder } from '../../../shared/order/order-areas.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { type People, peopleOf } from '../../independence/independence.ts';
import type { ApproverSetRow, ApproverStore, OrderStore, RevisionRow } from '../ports.ts';
import type { AdoptedOrders } from './adopted-orders.ts';
import { countingApprovers, isOneEnough } from './approval-decision.ts';
import { missingPeople } from './approver-sets.ts';
import { openTitle } from './order-visibility.ts';
import { approverSetEnvelopeOf, readPayload } from './revision-payload.ts';

export interface PendingRevision {
  readonly order: string;
  readonly revision: number;
  readonly title: string;
  readonly action: OrderAction;
  readonly areas: readonly string[];
  readonly proposedAt: Instant;
  /** Numbers of people. `approvals`: number of people who have approved. `needed`: total number of people who must approve. */
  readonly approvals: number;
  readonly needed: number;
  readonly open: ReadonlySet<string>;
}

export interface PendingApproverSet {
  readonly version: number;
  readonly signatures: number;
  readonly open: ReadonlySet<string>;
}

export interface PendingApprovals {
  readonly revisions: readonly PendingRevision[];
  readonly approverSet: PendingApproverSet | null;
}

export function createPendingApprovals({
  orders,
  approvers,
  state,
  clock,
}: {
  readonly orders: Pick<OrderStore, 'waitingRevisions'>;
  readonly approvers: Pick<ApproverStore, 'approverSets' | 'people'>;
  readonly state: Pick<AdoptedOrders, 'approvers' | 'accepted'>;
  readonly clock: Pick<Clock, 'now'>;
}): () => Promise<PendingApprovals> {
  function revisionOf(row: RevisionRow, { persons, approvers }: ApproverSet, people: People): PendingRevision {
    const document = readPayload(row.payload);
    const base = state.accepted().get(row.order);
    const basePaused = base?.digest === document.previous && base?.revision.status === 'paused';
    const { approved, open } = countingApprovers(document, row.approvals, persons, basePaused, people);
    return {
      order: row.order,
      revision: row.revision,
      title: openTitle(document, clock.now()),
      action: ORDER_ACTIONS.find((each) => each === row.action) ?? 'propose',
      areas: locationsOfOrder(document.terms),
      proposedAt: row.proposedAt,
      approvals: approved.size,
      needed: isOneEnough(document, basePaused) ? 1 : approvers.threshold,
      open,
    };
  }

  return async () => {
    const current = state.approvers.current();
    const [rows, approverSets, facts] = await Promise.all([
      current ? orders.waitingRevisions() : [],
      approvers.approverSets(),
      approvers.people(),
    ]);
    const people = peopleOf(facts);
    const waiting = approverSets.findLast((row) => row.state === 'waiting');
    return {
      revisions: current ? rows.map((row) => revisionOf(row, current, people)) : [],
      approverSet: waiting ? pendingSetOf(waiting, current, people) : null,
    };
  };
}

/**
 * Returns the pending approver set with the people who can still sign: members of the previous set, of the new set, or of both. A set that
 * needs no more signatures adds no people.
 */
function pendingSetOf(row: ApproverSetRow, before: ApproverSet | null, people: People): PendingApproverSet {
  const envelope = approverSetEnvelopeOf(row);
  const approverSet = readApproverSet(envelope);
  const missing = missingPeople(envelope, approverSet, before, people);
  const deciding = [...(missing.own > 0 ? [approverSet] : []), ...(before && missing.before > 0 ? [before] : [])];
  const signed = new Set(
    [approverSet, ...(before ? [before] : [])].flatMap((set) =>
      [...personsWhoSigned(envelope, set)].map(people.canonical),
    ),
  );
  const deciders = deciding.flatMap(({ persons }) => [...persons.values()].map(people.canonical));
  const open = new Set(deciders.filter((person) => !signed.has(person)));
  return { version: row.version, signatures: signed.size, open };
}
