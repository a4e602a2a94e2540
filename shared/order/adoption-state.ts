/**
 * Rule that decides whether a revision's approvals are enough. The server and each device apply it independently. An order takes effect
 * only with approvals by a threshold of different people, none of them its proposer. One approver, who may be the proposer, can pause an
 * order for 72 hours. Such a pause needs a revision beneath it with enough approvals, and changes nothing else. A pause with a court's
 * document lasts until it is resumed.
 */
import type { Instant } from '../time/clock.ts';
import { canonicalText } from './canonical.ts';
import type { Revision } from './documents.ts';

/** Longest pause by one approver alone, counted from `pausedSince`. */
export const BRIEF_PAUSE = 72 * 3_600_000;

/** End of a pause that one approver alone has signed; null for a court's stay, and for a revision that is not paused. */
export function briefPauseEnds(revision: Pick<Revision, 'act' | 'basis' | 'status' | 'pausedSince'>): Instant | null {
  const { status, pausedSince } = revision;
  return status === 'paused' && pausedSince !== null && !isCourtStay(revision)
    ? Date.parse(pausedSince) + BRIEF_PAUSE
    : null;
}

/** Whether the revision is a pause by a court's order, with the document. One approver is enough, and the pause has no end. */
export function isCourtStay({ act, basis }: Pick<Revision, 'act' | 'basis'>): boolean {
  return act === 'pause' && basis?.court !== undefined && basis.documents !== undefined;
}

export interface AdoptionState {
  readonly adopted: boolean;
  /** True for a pause without an end. False for a revision that is not paused. */
  readonly lasting: boolean;
  /** True if the revision is valid as a brief pause only, and needs the revision beneath it. */
  readonly needsBase: boolean;
  /** Number of further people who must approve before the next step. */
  readonly missing: number;
}

/** `persons`: different people with a valid approval. `basePaused`: the order was already paused at the time of the proposal. */
export function adoptionStateOf(
  revision: Pick<Revision, 'act' | 'status' | 'proposer' | 'basis'>,
  persons: ReadonlySet<string>,
  threshold: number,
  basePaused: boolean,
): AdoptionState {
  const others = persons.size - (persons.has(revision.proposer) ? 1 : 0);
  const held = revision.status === 'paused';
  if (others >= threshold) return { adopted: true, lasting: held, needsBase: false, missing: 0 };
  // One person cannot renew a pause: a pause of a paused order needs as many approvals as any other action.
  if (held && revision.act === 'pause' && !basePaused && persons.size > 0) {
    const missing = isCourtStay(revision) ? 0 : Math.max(0, threshold - persons.size);
    return { adopted: true, lasting: missing === 0, needsBase: true, missing };
  }
  return { adopted: false, lasting: false, needsBase: false, missing: threshold - others };
}

/** Whether a brief pause changes nothing in `base` but the status. Its single signer must not change other terms. */
export function holdsOnly(hold: Revision, holdPrevious: string, base: Revision): boolean {
  return (
    hold.previous === holdPrevious &&
    base.status === 'active' &&
    hold.revision > base.revision &&
    hold.order === base.order &&
    hold.installation === base.installation &&
    canonicalText([hold.terms, hold.exempt]) === canonicalText([base.terms, base.exempt])
  );
}
