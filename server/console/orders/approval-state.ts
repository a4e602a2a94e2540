/**
 * State of a revision's approvals, and the effect of one more approval, by the rule in `shared/order/adoption-state.ts`. The functions are
 * pure.
 */
import type { OrderView } from '../../../shared/api/orders.ts';
import { listed, sentence } from '../../../shared/areas/area-words.ts';
import { adoptionStateOf, isCourtStay } from '../../../shared/order/adoption-state.ts';
import type { ActionBasis, Approvers } from '../../../shared/order/documents.ts';

export type RevisionSummary = OrderView['revisions'][number];

export interface ApprovalState {
  /** Approvers of the current approver set who signed the revision. */
  readonly approved: readonly string[];
  /**
   * Number of further approvals that the revision needs to take effect. One approval starts a short pause of 72 hours; the number then
   * counts the approvals for a pause without a time limit.
   */
  readonly missing: number;
  /** True for a short pause, which starts with one approval and lasts at most 72 hours. */
  readonly brief: boolean;
  /** True for a pause by a court order, which needs one approval and has no time limit. */
  readonly stay: boolean;
}

export function pendingRevision({ revisions }: Pick<OrderView, 'revisions'>): RevisionSummary | null {
  return revisions.findLast(({ state }) => state === 'waiting') ?? null;
}

/** Proposals that need a second person's consent before they replace the pending revision. */
export function requestedRevisions({ revisions }: Pick<OrderView, 'revisions'>): RevisionSummary[] {
  return revisions.filter(({ state }) => state === 'requested');
}

export function replacementWords(order: Pick<OrderView, 'revisions'>, person: string): string | null {
  const pending = pendingRevision(order);
  if (!pending) return null;
  return pending.proposer === person
    ? `Your revision ${pending.revision} is pending. The new proposal replaces it and discards its approvals.`
    : `Revision ${pending.revision} of another person is pending. It keeps its approvals until a second person confirms that your proposal replaces it.`;
}

export function approvalState(
  order: Pick<OrderView, 'status' | 'adoptedRevision' | 'pausedUntil'>,
  revision: RevisionSummary,
  approverSet: Approvers,
  basis?: ActionBasis | undefined,
): ApprovalState {
  const personOf = new Map(approverSet.approvers.map(({ keyid, person }) => [keyid, person]));
  const approved = [...new Set(revision.approvals.flatMap(({ keyid }) => personOf.get(keyid) ?? []))];
  const isPause = revision.action === 'pause';
  const adopted = order.adoptedRevision === revision.revision;
  // If an adopted pause is short, the order was active before the pause. Otherwise one approval would not have been enough.
  const basePaused = order.status === 'paused' && !adopted;
  const brief = isPause && !basePaused;
  const document = {
    action: revision.action,
    status: isPause ? ('paused' as const) : ('active' as const),
    // The proposer is hidden only from readers who cannot approve. The value therefore does not matter for them.
    proposer: revision.proposer ?? '',
    ...(basis && { basis }),
  };
  const adoption = adoptionStateOf(document, new Set(approved), approverSet.threshold, basePaused);
  const stay = brief && isCourtStay(document);
  const missing = stay ? Number(approved.length === 0) : adoption.missing;
  return { approved, missing, brief, stay };
}

export type Eligibility = 'may' | 'approved' | 'own' | 'no_approver' | 'complete';

/** Result: `person` may approve the revision, or the reason why not. */
export function eligibility(
  { approved, missing, brief }: ApprovalState,
  revision: Pick<RevisionSummary, 'proposer'>,
  approverSet: Approvers | null,
  person: string,
): Eligibility {
  if (missing === 0) return 'complete';
  if (approved.includes(person)) return 'approved';
  if (revision.proposer === person && !brief) return 'own';
  return approverSet?.approvers.some((each) => each.person === person) ? 'may' : 'no_approver';
}

const NUMBERS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

export function missingWords(
  { approved, missing, brief, stay }: ApprovalState,
  revision: Pick<RevisionSummary, 'proposer'>,
  nameOf: (person: string) => string,
): string {
  if (missing === 0) return 'No more approvals are needed.';
  if (stay) return 'One approver is needed. The pause then has no time limit, because it includes a court document.';
  if (brief && approved.length === 0) {
    return 'One approval pauses the order for 72 hours. A second approval removes the time limit.';
  }
  // A proposer may be one of the missing approvers only for a short pause.
  const others = [...new Set([...(brief || revision.proposer === null ? [] : [revision.proposer]), ...approved])].map(
    nameOf,
  );
  const number = sentence(NUMBERS[missing] ?? String(missing));
  const more = approved.length > 0 ? ' more' : '';
  const people = missing === 1 ? 'approver is needed' : 'approvers are needed';
  const until = brief ? ' The pause then has no time limit.' : '';
  return `${number}${more} ${people}, other than ${listed(others)}.${until}`;
}
