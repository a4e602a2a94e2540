/**
 * Details that a ledger entry withholds from the public. Instead of the details, the entry contains a salted hash of them (a commitment).
 * An evidence pack contains the salt and the details, so its reader can verify them. For all other people, two such entries of the same
 * kind differ only in their times.
 */
import { CordonError } from '../errors.ts';
import { canonicalText, parseDocument } from '../order/canonical.ts';
import { type EntryDraft, type EntryKind, entrySchema, type LedgerEntry, type Opening } from './ledger-entry.ts';
import { subjectCommitment } from './make-entry.ts';

export function keepParticulars(particulars: LedgerEntry['public']): Pick<EntryDraft, 'subject' | 'public'> {
  return { subject: canonicalText(particulars), public: {} };
}

/** Kinds of ledger entries that withhold their details while the order is withheld. */
export const KEPT_KINDS: readonly EntryKind[] = ['order.executed', 'order.proceeding'];

/** Whether the entry withholds its details from the public, because it is about a withheld order. */
export const keepsParticulars = ({ kind, public: shown }: LedgerEntry): boolean =>
  KEPT_KINDS.includes(kind) && Object.keys(shown).length === 0;

/**
 * Withheld details of an entry, verified with the salt and text that open its commitment. Throws `proof_invalid` if the entry commits to
 * other details, or if it withholds none.
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
