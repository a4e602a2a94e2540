/**
 * Rule that decides whether a revision has enough approvals. The server and each device apply the rule independently.
 * - An order takes effect only with approvals by a threshold of different people. The proposer does not count.
 * - One approver alone, even the proposer, can pause an order for 72 hours. The revision that is paused must itself have enough approvals,
 *   and the pause must not change any other terms.
 * - A pause with a court's document lasts until the order is resumed.
 */
import type { Instant } from '../time/clock.ts';
import { canonicalText } from './canonical.ts';
import type { Revision } from './documents.ts';

/** Maximum length of a pause by one approver alone, counted from `pausedSince`. */
export const BRIEF_PAUSE = 72 * 3_600_000;

/** End of a pause that one approver alone signed. Null for a pause by order of a court, and for a revision that is no pause. */
export function briefPauseEnds(revision: Pick<Revision, 'act' | 'basis' | 'status' | 'pausedSince'>): Instant | null {
  const { status, pausedSince } = revision;
  return status === 'paused' && pausedSince !== null && !isCourtStay(revision)
    ? Date.parse(pausedSince) + BRIEF_PAUSE
    : null;
}

/**
 * Whether the revision is a pause by order of a court, with the court's document. One approver is enough for such a pause, and it has no
 * end.
 */
export function isCourtStay({ act, basis }: Pick<Revision, 'act' | 'basis'>): boolean {
  return act === 'pause' && basis?.court !== undefined && basis.documents !== undefined;
}

export interface AdoptionState {
  readonly adopted: boolean;
  /** Whether the revision is a pause without an end. */
  readonly lasting: boolean;
  /**
   * Whether the revision has only enough approvals for a 72-hour pause. The pause is then valid only if the revision that it pauses is
   * valid.
   */
  readonly needsBase: boolean;
  /** Number of people who must still approve: for adoption, or to make a 72-hour pause permanent. 0 if no further approval is needed. */
  readonly missing: number;
}

/**
 * Adoption state of a revision. `persons` are the different people with a valid approval. `basePaused` says whether the order was already
 * paused when the revision was proposed.
 */
export function adoptionStateOf(
  revision: Pick<Revision, 'act' | 'status' | 'proposer' | 'basis'>,
  persons: ReadonlySet<string>,
  threshold: number,
  basePaused: boolean,
): AdoptionState {
  const others = persons.size - (persons.has(revision.proposer) ? 1 : 0);
  const paused = revision.status === 'paused';
  if (others >= threshold) return { adopted: true, lasting: paused, needsBase: false, missing: 0 };
  // One person cannot renew a pause. To pause a paused order, the revision needs as many approvals as for any other action.
  if (paused && revision.act === 'pause' && !basePaused && persons.size > 0) {
    const missing = isCourtStay(revision) ? 0 : Math.max(0, threshold - persons.size);
    return { adopted: true, lasting: missing === 0, needsBase: true, missing };
  }
  return { adopted: false, lasting: false, needsBase: false, missing: threshold - others };
}

/** Whether a 72-hour pause changes only the status of the revision that it pauses. Its single signer must not change other terms. */
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
