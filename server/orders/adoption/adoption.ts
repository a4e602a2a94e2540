/**
 * Adoption of revisions: the server records approvals, and a revision with enough approvals becomes the order's current revision. Devices
 * do not trust the server and verify the approvers' signatures themselves.
 */
import type { OrderTerms } from '../../../shared/order/documents.ts';
import type { PersonId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import type { Effect } from '../effect/effect.ts';
import type { AdoptionStore, ApproverStore, OrderStore } from '../ports.ts';
import type { ActionQueue } from './action-queue.ts';
import type { AdoptedOrders } from './adopted-orders.ts';
import type { SubmittedApproval } from './approval-checks.ts';
import { type ApprovalResult, createApprovals } from './approvals.ts';
import { createPendingApprovals, type PendingApprovals } from './pending-approvals.ts';
import type { StoredOrders } from './stored-orders.ts';

export interface Adoption extends Pick<StoredOrders, 'get' | 'list' | 'revision' | 'scope'> {
  approve(approver: PersonId, order: string, revision: number, approval: SubmittedApproval): Promise<ApprovalResult>;
  pendingApprovals(): Promise<PendingApprovals>;
  /** Rules of all adopted orders, including announced and ended orders. */
  rules(): readonly OrderRule[];
  termsOf(order: string): OrderTerms | null;
}

export function createAdoption(ports: {
  readonly orders: OrderStore;
  readonly approvers: ApproverStore;
  readonly store: AdoptionStore;
  readonly adopted: AdoptedOrders;
  readonly stored: StoredOrders;
  readonly queue: ActionQueue;
  readonly effect: Pick<Effect, 'follow'>;
  readonly clock: Clock;
}): Adoption {
  const { orders, approvers, store, adopted, stored, queue, effect, clock } = ports;
  const approvals = createApprovals({ orders, approvers, store, clock, state: adopted });
  return {
    ...stored,
    approve: (approver, order, revision, approval) =>
      queue.run(async () => {
        const { result, changed } = await approvals.approve(approver, order, revision, approval);
        if (changed) {
          const before = adopted.accepted().get(changed.order)?.revision;
          await adopted.load();
          await effect.follow([{ order: changed.order, rule: changed.before, revision: before }]);
        }
        return result;
      }),
    pendingApprovals: createPendingApprovals({ orders, approvers, state: adopted, clock }),
    rules: adopted.rules,
    termsOf: (order) => adopted.accepted().get(order)?.revision.terms ?? null,
  };
}
