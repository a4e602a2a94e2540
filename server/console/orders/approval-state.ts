/** Who has approved a revision, who is still needed, and whether one's own approval would count. Pure; the rule is `shared/order/standing.ts`. */
import type { OrderView } from '../../../shared/api/orders.ts';
import { listed, sentence } from '../../../shared/areas/area-words.ts';
import type { Approvers } from '../../../shared/order/documents.ts';
import { standingOf } from '../../../shared/order/standing.ts';

export type RevisionSummary = OrderView['revisions'][number];

export interface ApprovalState {
  /** Different people of the present root whose approvals count. */
  readonly approved: readonly string[];
  /** People who are still needed before anything changes; for a brief hold: before it lasts. */
  readonly missing: number;
  /** A hold that one approval puts into effect, for 72 hours. */
  readonly brief: boolean;
}

/** The revision that waits for approvals, if any. */
export function waitingRevision({ revisions }: Pick<OrderView, 'revisions'>): RevisionSummary | null {
  return revisions.findLast(({ state }) => state === 'waiting') ?? null;
}

export function approvalState(
  order: Pick<OrderView, 'status' | 'adoptedRevision' | 'heldUntil'>,
  revision: RevisionSummary,
  root: Approvers,
): ApprovalState {
  const personOf = new Map(root.approvers.map(({ keyid, person }) => [keyid, person]));
  const approved = [...new Set(revision.approvals.flatMap(({ keyid }) => personOf.get(keyid) ?? []))];
  const held = revision.act === 'hold';
  const adopted = order.adoptedRevision === revision.revision;
  // Of an adopted hold that lapses, what is beneath was not held: it could not have been adopted by one otherwise.
  const baseHeld = order.status === 'held' && !adopted;
  const brief = held && !baseHeld;
  const document = {
    act: revision.act,
    status: held ? ('held' as const) : ('active' as const),
    proposer: revision.proposer,
  };
  const { missing } = standingOf(document, new Set(approved), root.threshold, baseHeld);
  return { approved, missing, brief };
}

export type Eligibility = 'may' | 'approved' | 'own' | 'no_approver' | 'complete';

/** Whether `person`'s approval would still count for something. */
export function eligibility(
  { approved, missing, brief }: ApprovalState,
  revision: Pick<RevisionSummary, 'proposer'>,
  root: Approvers | null,
  person: string,
): Eligibility {
  if (missing === 0) return 'complete';
  if (approved.includes(person)) return 'approved';
  if (revision.proposer === person && !brief) return 'own';
  return root?.approvers.some((each) => each.person === person) ? 'may' : 'no_approver';
}

const NUMBERS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

/** `One more approver is needed: somebody other than Paula and Ada.` */
export function missingWords(
  { approved, missing, brief }: ApprovalState,
  revision: Pick<RevisionSummary, 'proposer'>,
  nameOf: (person: string) => string,
): string {
  if (missing === 0) return 'Nobody else is needed.';
  if (brief && approved.length === 0) {
    return 'One approver is needed, and then it is on hold for 72 hours; with a second one until it is released.';
  }
  // A brief hold's proposer counts like any other approver.
  const others = [...new Set([...(brief ? [] : [revision.proposer]), ...approved])].map(nameOf);
  const number = sentence(NUMBERS[missing] ?? String(missing));
  const more = approved.length > 0 ? ' more' : '';
  const people = missing === 1 ? `approver is needed: somebody` : `approvers are needed: people`;
  const until = brief ? ' Then it stays on hold until it is released.' : '';
  return `${number}${more} ${people} other than ${listed(others)}.${until}`;
}
