/**
 * Decides whether an approval is valid and whether it completes the adoption of a revision. The functions are pure. Devices apply the same
 * rule (`shared/order/adoption-state.ts`).
 */
import { CordonError } from '../../../shared/errors.ts';
import { type AdoptionState, adoptionStateOf } from '../../../shared/order/adoption-state.ts';
import type { Revision } from '../../../shared/order/documents.ts';
import type { People } from '../../independence/independence.ts';

export interface RecordedApproval {
  readonly person: string;
  readonly keyid: string;
}

export interface ApprovalDecision {
  readonly adoption: AdoptionState;
  readonly isNew: boolean;
  /** Explanation why two approvers of a revision, the present one and an earlier one, count as one person; null if they count as two. */
  readonly related: string | null;
}

/** True if a single approval adopts the revision. This applies to the pause of an active order, which its proposer may approve. */
export function isOneEnough({ action }: Pick<Revision, 'action'>, basePaused: boolean): boolean {
  return action === 'pause' && !basePaused;
}

/**
 * Returns a function from a person's id to the id under which the person counts. It is the proposer's id for each person who could have
 * signed in as the proposer, because this person could otherwise propose with another account and then approve.
 */
function countAsProposer({ proposer }: Pick<Revision, 'proposer'>, people: People): (person: string) => string {
  return (person) => people.canonical(people.access(person, proposer) ? proposer : person);
}

export function countingApprovers(
  revision: Pick<Revision, 'action' | 'proposer'>,
  recorded: readonly RecordedApproval[],
  persons: ReadonlyMap<string, string>,
  basePaused: boolean,
  people: People,
): { readonly approved: ReadonlySet<string>; readonly open: ReadonlySet<string> } {
  const asProposer = countAsProposer(revision, people);
  const may = new Set([...persons.values()].map(asProposer));
  if (!isOneEnough(revision, basePaused)) may.delete(asProposer(revision.proposer));
  const counted = recorded.filter(({ keyid }) => persons.has(keyid)).map(({ person }) => asProposer(person));
  const signers = new Set(counted).intersection(may);
  const approved = people.independent(signers);
  const adds = (person: string) => people.independent([...signers, person]).size > approved.size;
  return { approved, open: new Set([...may.difference(signers)].filter(adds)) };
}

/**
 * Decides whether an approval of a revision is valid, and whether enough people have now approved. `persons`: owner of each key in the
 * current approver set. Throws `approver_unknown` if the approver set lacks the key. Throws `same_person` if the approver is the
 * proposer, could have signed in as the proposer, or approves with a second key.
 */
export function decideApproval(
  revision: Revision,
  approval: { readonly keyid: string },
  recorded: readonly RecordedApproval[],
  persons: ReadonlyMap<string, string>,
  threshold: number,
  basePaused: boolean,
  people: People,
): ApprovalDecision {
  const person = persons.get(approval.keyid);
  if (person === undefined) {
    throw new CordonError('approver_unknown', 'The current approver set does not name this key.', {
      keyid: approval.keyid,
    });
  }
  const access = people.access(person, revision.proposer);
  if (access !== null && !isOneEnough(revision, basePaused)) {
    const why = people.isSame(person, revision.proposer) ? '' : ` ${access} Both count as one person.`;
    const detail = `The proposer of a revision cannot approve it.${why} Ask another approver.`;
    throw new CordonError('same_person', detail);
  }
  const counted = recorded.filter((each) => persons.has(each.keyid));
  const isNew = !counted.some((each) => each.keyid === approval.keyid);
  const others = counted.map((each) => each.person);
  if (isNew && others.some((each) => people.isSame(each, person))) {
    throw new CordonError('same_person', 'This person has already approved with another key. Ask another approver.');
  }
  const asProposer = countAsProposer(revision, people);
  const before = people.independent(others.map(asProposer));
  const independent = people.independent([...others, person].map(asProposer));
  const counts = !isNew || independent.size > before.size;
  const related = counts ? null : (others.map((each) => people.relation(each, person)).find(Boolean) ?? null);
  const proposer = asProposer(revision.proposer);
  return { adoption: adoptionStateOf({ ...revision, proposer }, independent, threshold, basePaused), isNew, related };
}
