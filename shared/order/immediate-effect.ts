/**
 * Confirmation for a revision whose time passed while it was pending. Its approval has immediate consequences, although its text names
 * another time. The approver therefore signs a separate statement beside the revision. Devices use the revision alone, because they cannot
 * know the time of an approval. The statement is evidence. Pure, and the same in a browser.
 */
import type { Instant } from '../time/clock.ts';
import { canonicalText, parseDocument } from './canonical.ts';
import { type ImmediateEffect, type Revision, revisionSchema } from './documents.ts';

export type PassedTime = 'effective' | 'until';

/**
 * The time that passed while the revision was pending; null if none did. `base`: the adopted revision that it replaces. A time of the base
 * does not count, because the order follows it already. A pause and a withdrawal have no time of their own.
 */
export function passedWhilePending(
  { status, proposedAt, terms }: Pick<Revision, 'status' | 'proposedAt' | 'terms'>,
  base: Pick<Revision, 'terms'> | null,
  now: Instant,
): PassedTime | null {
  if (status !== 'active') return null;
  const passed = (written: string | null, before: string | null | undefined) =>
    written !== null &&
    written !== before &&
    Date.parse(written) >= Date.parse(proposedAt) &&
    Date.parse(written) < now;
  if (passed(terms.until, base?.terms.until)) return 'until';
  return passed(terms.effective, base?.terms.effective) ? 'effective' : null;
}

/** Immediate consequence of an approval, as text for the approver. */
export const IMMEDIATE_WORDS: Readonly<Record<PassedTime, string>> = {
  effective: 'takes effect immediately: its effective time passed while it was pending',
  until: 'ends immediately: its end time passed while it was pending',
};

/** Exact text that an approver signs beside the revision. `payload`: the revision's, with its SHA-256. Throws `document_malformed`. */
export function immediateText(payload: string, digest: string): string {
  const { installation, order, revision } = parseDocument(revisionSchema, new TextEncoder().encode(payload));
  const statement: ImmediateEffect = { installation, order, revision, digest, effect: 'immediate' };
  return canonicalText(statement);
}
