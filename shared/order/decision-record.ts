/**
 * Commitment of a revision to its decision record: SHA-256(salt || canonical JSON). It proves that approvers signed for this record, and
 * its content cannot be guessed from it.
 */
import { canonicalText } from './canonical.ts';
import type { DecisionRecord } from './documents.ts';
import { commitmentOf } from './exemption.ts';

/** `salt`: random 32 bytes in hex. */
export const decisionCommitment = (salt: string, record: DecisionRecord): string =>
  commitmentOf(salt, canonicalText(record));
