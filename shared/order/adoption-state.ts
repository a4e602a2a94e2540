/**
 * Rule that decides whether a revision has enough approvals. The server and each device apply it independently.
 * - An order takes effect only if enough different people other than the proposer approve it.
 * - One approver alone, even the proposer, can pause an order for 72 hours. The pause must not change any terms.
 * - A pause with a court's document lasts until the order is resumed.
 */
import type { Instant } from '../time/clock.ts';
import { canonicalText } from './canonical.ts';
import type { Revision } from './documents.ts';

/** Maximum length of a pause by one approver alone, in milliseconds from `pausedSince`. */
export const BRIEF_PAUSE = 72 * 3_600_000;

/** End of a pause that one approver alone signed. Null for a pause by order of a court, and for a revision that is no pause. */
export function briefPauseEnds(
  revision: Pick<Revision, 'action' | 'basis' | 'status' | 'pausedSince'>,
): Instant | null {
  const { status, pausedSince } = revision;
  return status === 'paused' && pausedSince !== null && !isCourtStay(revision)
    ? Date.parse(pausedSince) + BRIEF_PAUSE
    : null;
}

/** Whether the revision is a pause by order of a court, with the court's document. Such a pause needs only one approver and has no end. */
export function isCourtStay({ action, basis }: Pick<Revision, 'action' | 'basis'>): boolean {
  return action === 'pause' && basis?.court !== undefined && basis.documents !== undefined;
}

export interface AdoptionState {
  readonly adopted: boolean;
  readonly permanentPause: boolean;
  /**
   * Whether the revision is a pause with fewer approvals than other revisions need. Such a pause must not change any terms, so it is valid
   * only if the revision that it pauses is valid.
   */
  readonly needsBase: boolean;
  /** Number of people who must still approve: for adoption, or to make a 72-hour pause permanent. */
  readonly missing: number;
}

/**
 * Decides whether a revision has enough approvals. `persons`: the different people with a valid approval. `basePaused`: true if an earlier
 * revision has already paused the order. One person alone can pause an order, but cannot pause it again.
 */
export function adoptionStateOf(
  revision: Pick<Revision, 'action' | 'status' | 'proposer' | 'basis'>,
  persons: ReadonlySet<string>,
  threshold: number,
  basePaused: boolean,
): AdoptionState {
  const others = persons.size - (persons.has(revision.proposer) ? 1 : 0);
  const paused = revision.status === 'paused';
  if (others >= threshold) return { adopted: true, permanentPause: paused, needsBase: false, missing: 0 };
  // One person cannot renew a pause: to pause a paused order, as many approvals are required as for any other action.
  if (paused && revision.action === 'pause' && !basePaused && persons.size > 0) {
    const missing = isCourtStay(revision) ? 0 : Math.max(0, threshold - persons.size);
    return { adopted: true, permanentPause: missing === 0, needsBase: true, missing };
  }
  return { adopted: false, permanentPause: false, needsBase: false, missing: threshold - others };
}

/** Whether a pause changes only the order's status. The single signer of a 72-hour pause must not change other terms. */
export function pausesOnly(pause: Revision, pausePrevious: string, base: Revision): boolean {
  return (
    pause.previous === pausePrevious &&
    base.status === 'active' &&
    pause.revision > base.revision &&
    pause.order === base.order &&
    pause.installation === base.installation &&
    canonicalText([pause.terms, pause.exempt]) === canonicalText([base.terms, base.exempt])
  );
}
