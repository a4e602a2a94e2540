/** Ends proposals that have too few approvals when they expire. */
import { isCordonError } from '../../../shared/errors.ts';
import { Loop } from '../../../shared/loops/loop.ts';
import { PROPOSAL_LIFETIME } from '../../../shared/order/proposal-end.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { Log, OrderStore, ProposalStore } from '../ports.ts';

const RETRY_AFTER = 60_000;

export function createProposalExpiry({
  orders,
  store,
  clock,
  log,
  ended,
}: {
  readonly orders: Pick<OrderStore, 'pendingRevisions'>;
  readonly store: Pick<ProposalStore, 'endProposal'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly ended: () => void;
}): Loop {
  async function endExpired(): Promise<Instant | null> {
    const expiries: Instant[] = [];
    for (const { order, revision, digest, proposedAt } of await orders.pendingRevisions()) {
      const now = clock.now();
      const expiry = proposedAt + PROPOSAL_LIFETIME;
      if (now < expiry) {
        expiries.push(expiry);
        continue;
      }
      try {
        await store.endProposal(
          { order, revision, state: 'expired', at: now, by: null, reason: null },
          {
            kind: 'order.proposal-ended',
            at: now,
            subject: null,
            public: { order, revision, digest, outcome: 'expired' },
          },
        );
        ended();
      } catch (error) {
        // A concurrent action has already ended, replaced or adopted the proposal.
        if (!isCordonError(error, 'conflict')) throw error;
      }
    }
    return expiries.length > 0 ? Math.min(...expiries) : null;
  }

  return new Loop({
    run: endExpired,
    clock,
    retryAfter: RETRY_AFTER,
    failed: (error) => log.warn({ err: error }, 'Expired proposals could not be ended. The server tries again.'),
  });
}
