/**
 * Confirmation for a revision whose effective or end time passed while the revision was pending. Once approved, the revision takes effect
 * immediately, although it names an earlier time. Therefore the approver signs a separate statement in addition to the revision. The
 * statement is evidence for auditors. Devices do not need it, because they cannot know the time of an approval. The module also runs in
 * browsers.
 */
import type { Instant } from '../time/clock.ts';
import { canonicalText, parseDocument } from './canonical.ts';
import { type ImmediateEffect, type Revision, revisionSchema } from './documents.ts';

export type PassedTime = 'effective' | 'until';

/**
 * Which time in the revision passed while the revision was pending; null if none passed. `base` is the adopted revision that the new one
 * replaces. A time that `base` already contains does not count. A pause and a withdrawal have no time of their own.
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

/** Immediate effect of an approval, in words for the approver. */
export const IMMEDIATE_WORDS: Readonly<Record<PassedTime, string>> = {
  effective: 'takes effect immediately: its effective time passed while it was pending',
  until: 'ends immediately: its end time passed while it was pending',
};

/**
 * Exact text of the statement that an approver signs in addition to the revision. It contains the SHA-256 of the revision's `payload`.
 * Throws `document_malformed`.
 */
export function immediateText(payload: string, digest: string): string {
  const { installation, order, revision } = parseDocument(revisionSchema, new TextEncoder().encode(payload));
  const statement: ImmediateEffect = { installation, order, revision, digest, effect: 'immediate' };
  return canonicalText(statement);
}
