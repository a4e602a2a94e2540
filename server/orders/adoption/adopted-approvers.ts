import { CordonError } from '../../../shared/errors.ts';
import { type ApproverSet, readApproverSet } from '../../../shared/order/approvers.ts';
import type { Envelope } from '../../../shared/order/documents.ts';
import type { ApproverSetRow } from '../ports.ts';
import { approverSetEnvelopeOf } from './revision-payload.ts';

export interface AdoptedApprovers {
  current(): ApproverSet | null;
  /** Returns the current approver set. Throws `approvers_required` if no approver set has been adopted yet. */
  require(): ApproverSet;
  all(): readonly ApproverSet[];
  envelopes(): readonly Envelope[];
}

export function createAdoptedApprovers(): AdoptedApprovers & { replace(rows: readonly ApproverSetRow[]): void } {
  let envelopes: readonly Envelope[] = [];
  let sets: readonly ApproverSet[] = [];
  const current = () => sets.at(-1) ?? null;
  return {
    replace: (rows) => {
      envelopes = rows.filter(({ state }) => state === 'adopted').map(approverSetEnvelopeOf);
      sets = envelopes.map(readApproverSet);
    },
    current,
    require: () => {
      const set = current();
      if (set) return set;
      throw new CordonError(
        'approvers_required',
        'Adopt an approver set first: without one, no approver can approve an order.',
      );
    },
    all: () => sets,
    envelopes: () => envelopes,
  };
}
