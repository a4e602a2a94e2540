/**
 * Details that a ledger entry withholds from the public: the entry contains only a salted hash of them. An evidence pack contains salt and
 * details, so that its reader can verify them.
 */
import { CordonError } from '../errors.ts';
import { canonicalText, parseDocument } from '../order/canonical.ts';
import { type EntryDraft, type EntryKind, entrySchema, type LedgerEntry, type Opening } from './ledger-entry.ts';
import { subjectCommitment } from './make-entry.ts';

export function withholdParticulars(particulars: LedgerEntry['public']): Pick<EntryDraft, 'subject' | 'public'> {
  return { subject: canonicalText(particulars), public: {} };
}

/** Kinds of ledger entries whose details are hidden while the order that they are about is withheld from the public. */
export const WITHHELD_KINDS: readonly EntryKind[] = ['order.executed', 'order.proceeding'];

export const withholdsParticulars = ({ kind, public: shown }: LedgerEntry): boolean =>
  WITHHELD_KINDS.includes(kind) && Object.keys(shown).length === 0;

/** Withheld details of an entry, verified against its salted hash. Throws `proof_invalid`. */
export function openParticulars(entry: LedgerEntry, { salt, subject }: Opening): LedgerEntry['public'] {
  if (!withholdsParticulars(entry)) throw new CordonError('proof_invalid', 'The entry withholds no particulars.');
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
