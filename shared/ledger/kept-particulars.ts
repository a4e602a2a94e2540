/**
 * Particulars that a ledger entry withholds from the public. The public part of the entry is empty, and its subject is a salted commitment
 * to the particulars. A reader of an evidence pack has the salt and the particulars and can verify them. For other readers, two such
 * entries of the same kind differ only in their times.
 */
import { CordonError } from '../errors.ts';
import { canonicalText, parseDocument } from '../order/canonical.ts';
import { type EntryDraft, type EntryKind, entrySchema, type LedgerEntry, type Opening } from './ledger-entry.ts';
import { subjectCommitment } from './make-entry.ts';

export function keepParticulars(particulars: LedgerEntry['public']): Pick<EntryDraft, 'subject' | 'public'> {
  return { subject: canonicalText(particulars), public: {} };
}

/** Kinds of ledger entries that withhold their particulars while the order is withheld. */
export const KEPT_KINDS: readonly EntryKind[] = ['order.executed', 'order.proceeding'];

/** Whether the entry withholds its particulars, because it is about a withheld order. */
export const keepsParticulars = ({ kind, public: shown }: LedgerEntry): boolean =>
  KEPT_KINDS.includes(kind) && Object.keys(shown).length === 0;

/**
 * Particulars of an entry, verified with the opening of its commitment. Throws `proof_invalid` if the entry commits to other particulars or
 * withholds none.
 */
export function openParticulars(entry: LedgerEntry, { salt, subject }: Opening): LedgerEntry['public'] {
  if (!keepsParticulars(entry)) throw new CordonError('proof_invalid', 'The entry withholds no particulars.');
  if (entry.subject !== subjectCommitment(Buffer.from(salt, 'hex'), subject)) {
    throw new CordonError('proof_invalid', 'The opening does not match the commitment of the entry.');
  }
  try {
    return parseDocument(entrySchema.shape.public, Buffer.from(subject));
  } catch (cause) {
    throw new CordonError(
      'proof_invalid',
      'The entry commits to a value that is not the particulars of an entry.',
      {},
      cause,
    );
  }
}
