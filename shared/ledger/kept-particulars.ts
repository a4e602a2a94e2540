/**
 * Particulars that a leaf keeps from the public: they are its subject, to which it commits with a salt, and nothing is public. Whoever is given the
 * opening, as an evidence pack gives it, holds it against the leaf and reads them; to anybody else two such leaves of a kind differ in nothing but when
 * they were made. Pure.
 */
import { CordonError } from '../errors.ts';
import { canonicalText, parseDocument } from '../order/canonical.ts';
import { type Leaf, type LeafDraft, leafSchema, type Opening } from './leaf.ts';
import { subjectCommitment } from './make-leaf.ts';

export function keepParticulars(particulars: Leaf['public']): Pick<LeafDraft, 'subject' | 'public'> {
  return { subject: canonicalText(particulars), public: {} };
}

/** Whether the leaf is one that says nothing in public of what an order did. */
export const keepsParticulars = ({ kind, public: shown }: Leaf): boolean =>
  kind === 'order.executed' && Object.keys(shown).length === 0;

/** Throws `proof_invalid` when the leaf commits to something else, or keeps nothing back. */
export function openParticulars(leaf: Leaf, { salt, subject }: Opening): Leaf['public'] {
  if (!keepsParticulars(leaf)) throw new CordonError('proof_invalid', 'the leaf keeps nothing from the public');
  if (leaf.subject !== subjectCommitment(Buffer.from(salt, 'hex'), subject)) {
    throw new CordonError('proof_invalid', 'what is said to open the leaf is not what it commits to');
  }
  try {
    return parseDocument(leafSchema.shape.public, Buffer.from(subject));
  } catch (cause) {
    throw new CordonError('proof_invalid', 'what the leaf commits to are no particulars', {}, cause);
  }
}
