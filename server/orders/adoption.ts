/** Whether one more approval counts, and whether it adopts a revision. Pure; what approvals amount to is `shared/order/standing.ts`. */
import { CordonError } from '../../shared/errors.ts';
import type { Revision } from '../../shared/order/documents.ts';
import { type Standing, standingOf } from '../../shared/order/standing.ts';

export interface ApprovalGiven {
  readonly person: string;
  readonly keyid: string;
}

export interface ApprovalDecision {
  readonly standing: Standing;
  /** False when exactly this approval has been recorded before: answering again changes nothing. */
  readonly isNew: boolean;
}

/** A hold on what is not held yet takes one approver, who may be its proposer. */
export function isOneEnough({ act }: Pick<Revision, 'act'>, baseHeld: boolean): boolean {
  return act === 'hold' && !baseHeld;
}

/** Of the people of the newest root, those whose approval counts already and those whose approval still would. */
export function whoseCounts(
  revision: Pick<Revision, 'act' | 'proposer'>,
  given: readonly ApprovalGiven[],
  persons: ReadonlyMap<string, string>,
  baseHeld: boolean,
): { readonly approved: ReadonlySet<string>; readonly open: ReadonlySet<string> } {
  const may = new Set(persons.values());
  if (!isOneEnough(revision, baseHeld)) may.delete(revision.proposer);
  const approved = new Set(given.filter(({ keyid }) => persons.has(keyid)).map(({ person }) => person)).intersection(
    may,
  );
  return { approved, open: may.difference(approved) };
}

/**
 * `given`: approvals recorded so far. `persons`: keyid → person, of the newest root; other keys count for nothing. Throws `approver_unknown`
 * and `same_person`.
 */
export function decideApproval(
  revision: Revision,
  approval: { readonly keyid: string },
  given: readonly ApprovalGiven[],
  persons: ReadonlyMap<string, string>,
  threshold: number,
  baseHeld: boolean,
): ApprovalDecision {
  const person = persons.get(approval.keyid);
  if (person === undefined) {
    throw new CordonError('approver_unknown', 'The root of approvers does not name this key.', {
      keyid: approval.keyid,
    });
  }
  if (person === revision.proposer && !isOneEnough(revision, baseHeld)) {
    throw new CordonError('same_person', 'Who proposed a revision cannot approve it: ask somebody else.');
  }
  const counted = given.filter((each) => persons.has(each.keyid));
  const isNew = !counted.some((each) => each.keyid === approval.keyid);
  if (isNew && counted.some((each) => each.person === person)) {
    throw new CordonError('same_person', 'This person has approved already, with another key: ask somebody else.');
  }
  const people = new Set([...counted.map((each) => each.person), person]);
  return { standing: standingOf(revision, people, threshold, baseHeld), isNew };
}
