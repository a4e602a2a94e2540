/** Decides whether a person may read the lines that a request would produce. The functions are pure. */
import { CordonError } from '../../shared/errors.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { People } from '../independence/independence.ts';
import { READ_SUBJECTS, retryTime } from '../reading-limit.ts';
import { approvalObstacle } from './approval-decision.ts';
import type { PreviewedPerson } from './ports.ts';

/**
 * Throws `same_person` for a drafter, because people could otherwise draft requests only to read records. `drafters`: people who wrote one
 * of the texts of the request.
 */
export function requireReader(by: PersonId, drafters: readonly PersonId[], people: People): void {
  if (approvalObstacle(by, drafters, people) === null) return;
  const detail =
    'Only a possible approver can read the records. You drafted or narrowed the request, or count as one person with a drafter. Ask another person of the role legal.';
  throw new CordonError('same_person', detail);
}

/** Throws `disclosure_preview_limit` if the records of `person` would exceed the limit. `previewed`: earlier previews of one approver. */
export function requirePreviewLimit(previewed: readonly PreviewedPerson[], person: PersonId, now: number): void {
  const earlier = previewed.map(({ person: subject, at }) => ({ subject, at }));
  const retryAt = retryTime(earlier, person, now);
  if (retryAt === null) return;
  throw new CordonError(
    'disclosure_preview_limit',
    `You have read the records of ${READ_SUBJECTS} people in 24 hours, the most that one person may read. Wait until ${new Date(retryAt).toISOString()}, or ask another person of the role legal.`,
    { limit: READ_SUBJECTS, retryAt },
  );
}
