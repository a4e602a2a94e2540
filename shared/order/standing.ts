/**
 * What a revision's approvals amount to. One rule for the server, which adopts, and for a device, which believes nobody: an order takes
 * effect only with a threshold of different people behind it, none of them its proposer. For `hold` one approver is enough, who may be
 * the proposer; then it lasts 72 hours, and only on top of a revision that enough people approved and that it changes in nothing else.
 */
import type { Instant } from '../time/clock.ts';
import { canonicalText } from './canonical.ts';
import type { Revision } from './documents.ts';

/** How long one approver alone can hold an order, from `heldSince`. */
export const BRIEF_HOLD = 72 * 3_600_000;

/** When the hold that a revision says lapses, if one person alone stands behind it; null for what is not held. */
export function briefHoldEnds({ status, heldSince }: Pick<Revision, 'status' | 'heldSince'>): Instant | null {
  return status === 'held' && heldSince !== null ? Date.parse(heldSince) + BRIEF_HOLD : null;
}

export interface Standing {
  readonly adopted: boolean;
  /** A hold that stays until it is released. False for what is not held. */
  readonly lasting: boolean;
  /** It stands by the rule for a brief hold, and so only together with the revision beneath it. */
  readonly needsBase: boolean;
  /** How many more people must approve before anything (further) changes. */
  readonly missing: number;
}

/** `persons`: the different people whose approvals verified. `baseHeld`: the order was held already when this was proposed. */
export function standingOf(
  revision: Pick<Revision, 'act' | 'status' | 'proposer'>,
  persons: ReadonlySet<string>,
  threshold: number,
  baseHeld: boolean,
): Standing {
  const others = persons.size - (persons.has(revision.proposer) ? 1 : 0);
  const held = revision.status === 'held';
  if (others >= threshold) return { adopted: true, lasting: held, needsBase: false, missing: 0 };
  // A hold on a hold renews nothing by one person's word: it needs what every other act needs.
  if (held && revision.act === 'hold' && !baseHeld && persons.size > 0) {
    const missing = Math.max(0, threshold - persons.size);
    return { adopted: true, lasting: missing === 0, needsBase: true, missing };
  }
  return { adopted: false, lasting: false, needsBase: false, missing: threshold - others };
}

/** True when a brief hold sits on `base` and changes nothing but the status: its one signer may not smuggle in other terms. */
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
