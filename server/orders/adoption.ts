/** Whether one more approval counts, and whether it adopts a revision. Pure; what approvals amount to is `shared/order/standing.ts`. */
import { CordonError } from '../../shared/errors.ts';
import type { Revision } from '../../shared/order/documents.ts';
import { type Standing, standingOf } from '../../shared/order/standing.ts';
import type { People } from './independence.ts';

export interface ApprovalGiven {
  readonly person: string;
  readonly keyid: string;
}

export interface ApprovalDecision {
  readonly standing: Standing;
  /** False when exactly this approval has been recorded before: answering again changes nothing. */
  readonly isNew: boolean;
  /** Why this approval counts as one with an earlier one, as a sentence; null when it counts by itself. */
  readonly related: string | null;
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
  people: People,
): { readonly approved: ReadonlySet<string>; readonly open: ReadonlySet<string> } {
  const may = new Set([...persons.values()].map(people.canonical));
  if (!isOneEnough(revision, baseHeld)) may.delete(people.canonical(revision.proposer));
  const counted = given.filter(({ keyid }) => persons.has(keyid)).map(({ person }) => people.canonical(person));
  const gave = new Set(counted).intersection(may);
  const approved = people.independent(gave);
  const adds = (person: string) => people.independent([...gave, person]).size > approved.size;
  return { approved, open: new Set([...may.difference(gave)].filter(adds)) };
}

/**
 * `given`: approvals recorded so far. `persons`: keyid → person, of the newest root; other keys count for nothing. Throws `approver_unknown`
 * and `same_person`. An approval by somebody who counts as one with an earlier approver is recorded and adds nothing yet: a third person may make either
 * of the two count.
 */
export function decideApproval(
  revision: Revision,
  approval: { readonly keyid: string },
  given: readonly ApprovalGiven[],
  persons: ReadonlyMap<string, string>,
  threshold: number,
  baseHeld: boolean,
  people: People,
): ApprovalDecision {
  const person = persons.get(approval.keyid);
  if (person === undefined) {
    throw new CordonError('approver_unknown', 'The root of approvers does not name this key.', {
      keyid: approval.keyid,
    });
  }
  const proposer = people.canonical(revision.proposer);
  if (people.canonical(person) === proposer && !isOneEnough(revision, baseHeld)) {
    throw new CordonError('same_person', 'The proposer of a revision cannot approve it. Ask another approver.');
  }
  const counted = given.filter((each) => persons.has(each.keyid));
  const isNew = !counted.some((each) => each.keyid === approval.keyid);
  const others = counted.map((each) => each.person);
  if (isNew && others.some((each) => people.canonical(each) === people.canonical(person))) {
    throw new CordonError('same_person', 'This person has already approved with another key. Ask another approver.');
  }
  const independent = people.independent([...others, person]);
  const counts = !isNew || independent.size > people.independent(others).size;
  const related = counts ? null : (others.map((each) => people.relation(each, person)).find(Boolean) ?? null);
  return { standing: standingOf({ ...revision, proposer }, independent, threshold, baseHeld), isNew, related };
}
