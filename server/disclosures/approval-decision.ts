/**
 * Decides whether a person may approve a request, and whether enough people have approved. The functions are pure. The rule of orders
 * applies (ADR 33).
 */
import { CordonError } from '../../shared/errors.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { People } from '../independence/independence.ts';

/** Number of people of the role `legal` who must sign a request. */
export const APPROVALS = 2;

/** Reason why a person cannot approve a text; null if the person can. `drafters`: people who wrote one of the texts of the request. */
export function approvalObstacle(person: PersonId, drafters: readonly PersonId[], people: People): string | null {
  for (const drafter of drafters) {
    if (people.isSame(drafter, person)) {
      return 'A person who drafted or narrowed the request cannot approve it. Ask another person of the role legal.';
    }
    const relation = people.relation(drafter, person);
    if (relation !== null) return `${relation} Both count as one person. Ask another person of the role legal.`;
  }
  return null;
}

/** Number of independent approvers who still have the role `legal`. */
export function countApprovals(approvers: readonly PersonId[], legal: ReadonlySet<string>, people: People): number {
  return people.independent(approvers.filter((person) => legal.has(person))).size;
}

export function requireApprover(person: PersonId, drafters: readonly PersonId[], people: People): void {
  const obstacle = approvalObstacle(person, drafters, people);
  if (obstacle !== null) throw new CordonError('same_person', obstacle);
}
