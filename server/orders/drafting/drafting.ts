/** Drafting of orders and of their revisions. A proposal has no effect on devices until approvers adopt it. */
import type { HomeArea } from '../../../shared/areas/area-code.ts';
import { locationsOfOrder } from '../../../shared/order/order-areas.ts';
import { PROPOSAL_LIFETIME } from '../../../shared/order/proposal-end.ts';
import type { PersonId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import type { ActionQueue } from '../adoption/action-queue.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import type { RevisionView } from '../adoption/order-views.ts';
import { revisionRowOf } from '../adoption/stored-orders.ts';
import type { ApproverStore, AreasPort, Log, OrderStore, ProposalStore } from '../ports.ts';
import { type DecidedExemption, decidedExemptions } from './exemptions.ts';
import { createPendingProposals } from './pending-proposals.ts';
import { createProposalExpiry } from './proposal-expiry.ts';
import type { ActionInput, Proposal, Proposals } from './proposals.ts';

export interface Drafting {
  propose(proposer: PersonId, proposal: Proposal): Promise<RevisionView>;
  proposeAction(proposer: PersonId, order: string, input: ActionInput): Promise<RevisionView>;
  /** Retracts a proposal. Throws `forbidden` unless the person is the proposer. */
  retract(person: PersonId, order: string, revision: number): Promise<RevisionView>;
  /** Declines a proposal. Throws `approver_unknown` for a person who is not an approver, and `same_person` for the proposer. */
  decline(person: PersonId, order: string, revision: number, reason: string): Promise<RevisionView>;
  /**
   * Replaces the order's pending proposal with a later one, after a second person has consented. Discards the approvals of the replaced
   * proposal. Throws `same_person` if the caller proposed the replacement.
   */
  confirmReplacement(person: PersonId, order: string, revision: number): Promise<RevisionView>;
  /** Exemptions of a revision, including expired exemptions. Throws `not_found` for an unknown order or revision. */
  exemptions(order: string, revision: number): Promise<DecidedExemption[]>;
  /** All areas that an order for the given areas can cover, under the current definitions of groups and polygons. Throws `unknown_area`. */
  locationsNamed(areas: readonly string[]): Promise<readonly HomeArea[]>;
}

export function createDrafting(ports: {
  readonly orders: OrderStore;
  readonly approvers: ApproverStore;
  readonly store: ProposalStore;
  readonly proposals: Proposals;
  readonly adopted: AdoptedOrders;
  readonly queue: ActionQueue;
  readonly areas: AreasPort;
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'publish'>;
  readonly log: Log;
}): Drafting & { start(): Promise<void>; stop(): Promise<void> } {
  const { orders, approvers, store, proposals, adopted, queue, areas, clock, bus, log } = ports;
  const pending = createPendingProposals({ orders, approvers, store, clock, state: adopted });
  const expiry = createProposalExpiry({ orders, store, clock, log, ended: () => bus.publish({ kind: 'orders' }) });

  async function run(propose: () => Promise<RevisionView>): Promise<RevisionView> {
    adopted.approvers.require();
    return queue.run(async () => {
      const revision = await propose();
      expiry.requestAt(revision.proposedAt + PROPOSAL_LIFETIME);
      return revision;
    });
  }

  return {
    propose: (proposer, proposal) => run(() => proposals.propose(proposer, proposal)),
    proposeAction: (proposer, order, input) => run(() => proposals.proposeAction(proposer, order, input)),
    retract: (...args) => queue.run(() => pending.retract(...args)),
    decline: (...args) => queue.run(() => pending.decline(...args)),
    confirmReplacement: (...args) => queue.run(() => pending.confirmReplacement(...args)),
    exemptions: async (order, revision) => {
      const rows = await orders.revisions(order);
      revisionRowOf(order, rows, revision);
      return decidedExemptions(rows, revision, await orders.exemptions(order, revision));
    },
    locationsNamed: async (named) => locationsOfOrder({ areas: [...named], ...(await areas.definitionsOf(named)) }),
    start: () => expiry.runOrThrow(),
    stop: () => expiry.stop(),
  };
}
