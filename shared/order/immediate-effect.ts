/**
 * Confirmation for a revision whose effective or end time passed while it was pending. After approval, such a revision takes effect
 * immediately, so the approver signs a separate statement about it. The statement is evidence for auditors; devices do not need it.
 */
import type { Instant } from '../time/clock.ts';
import { canonicalText, parseDocument } from './canonical.ts';
import { type ImmediateEffect, type Revision, revisionSchema } from './documents.ts';

export type PassedTime = 'effective' | 'until';

/**
 * Effective or end time that passed while the revision was pending; null if none. A time that the replaced revision (`base`) also contains
 * is ignored, because approvers have already approved it.
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

export const IMMEDIATE_WORDS: Readonly<Record<PassedTime, string>> = {
  effective: 'takes effect immediately: its effective time passed while it was pending',
  until: 'ends immediately: its end time passed while it was pending',
};

/**
 * Returns the text of an additional statement that an approver signs: the revision takes effect immediately. The signature proves that the
 * approver knew this. `digest` is the SHA-256 of `payload`. Throws `document_malformed`.
 */
export function immediateText(payload: string, digest: string): string {
  const { installation, order, revision } = parseDocument(revisionSchema, new TextEncoder().encode(payload));
  const statement: ImmediateEffect = { installation, order, revision, digest, effect: 'immediate' };
  return canonicalText(statement);
}
