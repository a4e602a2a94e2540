/**
 * The end of a pending proposal: by retraction, by decline, or by replacement with another proposal. A replacement needs a second person's
 * consent. Otherwise one person could block every withdrawal with new proposals.
 */
import { CordonError } from '../../../shared/errors.ts';
import { isProposalEnd } from '../../../shared/order/proposal-end.ts';
import type { PersonId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import { type People, peopleOf } from '../../independence/independence.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import { type RevisionView, revisionView } from '../adoption/order-views.ts';
import { orderOf } from '../adoption/stored-orders.ts';
import type { ApproverStore, OrderStore, ProposalStore, RevisionRow } from '../ports.ts';

export function createPendingProposals({
  orders,
  approvers,
  store,
  clock,
  state,
}: {
  readonly orders: Pick<OrderStore, 'order' | 'revisions'>;
  readonly approvers: Pick<ApproverStore, 'people'>;
  readonly store: Pick<ProposalStore, 'endProposal' | 'replacePending'>;
  readonly clock: Clock;
  readonly state: Pick<AdoptedOrders, 'approvers'>;
}) {
  async function pendingOf(order: string, revision: number): Promise<{ row: RevisionRow; people: People }> {
    await orderOf(orders, order);
    const row = (await orders.revisions(order)).find((each) => each.revision === revision);
    if (!row) throw new CordonError('not_found', `Order ${order} has no revision ${revision}.`);
    if (row.state !== 'waiting' && row.state !== 'requested') {
      const state = isProposalEnd(row.state) ? `was ${row.state} already` : `is ${row.state}`;
      const detail = `Revision ${revision} of order ${order} is not pending: it ${state}.`;
      throw new CordonError('proposal_ended', detail, { order, revision, state: row.state });
    }
    return { row, people: peopleOf(await approvers.people()) };
  }

  async function end(row: RevisionRow, by: PersonId, how: 'retracted' | 'declined', reason: string | null) {
    const { order, revision, digest } = row;
    const at = clock.now();
    await store.endProposal(
      { order, revision, state: how, at, by, reason },
      { kind: 'order.proposal-ended', at, subject: by, public: { order, revision, digest, outcome: how } },
    );
    return viewOf(order, revision);
  }

  async function viewOf(order: string, revision: number): Promise<RevisionView> {
    const rows = await orders.revisions(order);
    const row = rows.find((each) => each.revision === revision);
    if (!row) throw new CordonError('not_found', `Order ${order} has no revision ${revision}.`);
    return revisionView(row, rows, clock.now());
  }

  return {
    retract: async (person: PersonId, order: string, revision: number): Promise<RevisionView> => {
      const { row, people } = await pendingOf(order, revision);
      if (!people.isSame(row.proposer, person)) {
        const detail = 'Only the proposer can retract a proposal. An approver can decline it with a reason.';
        throw new CordonError('forbidden', detail, { order, revision });
      }
      return end(row, person, 'retracted', null);
    },

    decline: async (person: PersonId, order: string, revision: number, reason: string): Promise<RevisionView> => {
      const { row, people } = await pendingOf(order, revision);
      const approvers = [...(state.approvers.current()?.persons.values() ?? [])];
      if (!approvers.some((approver) => people.isSame(approver, person))) {
        const detail = 'Only an approver of the approver set in force can decline a proposal.';
        throw new CordonError('approver_unknown', detail, { order, revision });
      }
      if (people.isSame(row.proposer, person)) {
        throw new CordonError('same_person', 'The proposer retracts a proposal instead of declining it.');
      }
      return end(row, person, 'declined', reason);
    },

    confirmReplacement: async (person: PersonId, order: string, revision: number): Promise<RevisionView> => {
      const { row, people } = await pendingOf(order, revision);
      if (row.state === 'waiting') {
        const detail = `Revision ${revision} of order ${order} waits for approvals already.`;
        throw new CordonError('proposal_ended', detail, { order, revision, state: row.state });
      }
      const relation = people.relation(row.proposer, person);
      if (relation !== null) {
        const detail = `A second person has to confirm that the proposal replaces the pending one. ${relation}`;
        throw new CordonError('same_person', detail, { order, revision });
      }
      const at = clock.now();
      await store.replacePending(
        { order, revision, at, by: person },
        {
          kind: 'order.replacement-confirmed',
          at,
          subject: person,
          public: { order, revision, digest: row.digest },
        },
      );
      return viewOf(order, revision);
    },
  };
}
