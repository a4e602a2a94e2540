/** Decides whether a person may read the lines that a request would produce. Pure. */
import { CordonError } from '../../shared/errors.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import { approvalObstacle, type IndependentPeople } from './approval-decision.ts';
import type { PreviewedPerson } from './ports.ts';

/** Number of people whose records one approver may read within `PREVIEW_WINDOW`. */
export const PREVIEWED_PEOPLE = 5;
/** Sliding window in milliseconds in which the server counts the people. */
export const PREVIEW_WINDOW = 24 * 3_600_000;

/**
 * Throws `same_person` for a drafter, because a person could otherwise draft requests only to read the records. `drafters`: people who wrote
 * one of the texts of the request.
 */
export function requireReader(by: PersonId, drafters: readonly PersonId[], people: IndependentPeople): void {
  if (approvalObstacle(by, drafters, people) === null) return;
  const detail =
    'Only a possible approver can read the records. You drafted or narrowed the request, or count as one person with a drafter. Ask another person of the role legal.';
  throw new CordonError('same_person', detail);
}

/** Throws `disclosure_preview_limit` if the records of `person` would exceed the limit. `previewed`: earlier previews of one approver. */
export function requirePreviewLimit(previewed: readonly PreviewedPerson[], person: PersonId, now: number): void {
  const counted = previewed.filter(({ at }) => at > now - PREVIEW_WINDOW);
  const people = new Map<PersonId, number>();
  for (const { person: seen, at } of counted) people.set(seen, Math.max(at, people.get(seen) ?? 0));
  if (people.has(person) || people.size < PREVIEWED_PEOPLE) return;
  const retryAt = Math.min(...people.values()) + PREVIEW_WINDOW;
  throw new CordonError(
    'disclosure_preview_limit',
    `You have read the records of ${people.size} people in 24 hours, the most that one person may read. Wait until ${new Date(retryAt).toISOString()}, or ask another person of the role legal.`,
    { limit: PREVIEWED_PEOPLE, retryAt },
  );
}
