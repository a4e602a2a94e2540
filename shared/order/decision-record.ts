/**
 * Commitment of a revision to its decision record: SHA-256(salt || canonical JSON). The hash proves which decision record the approvers
 * signed for. The salt prevents a guess of the record's content.
 */
import { canonicalText } from './canonical.ts';
import type { DecisionRecord } from './documents.ts';
import { commitmentOf } from './exemption.ts';

/** Salted hash of a decision record. `salt` has 32 random bytes in hex. */
export const decisionCommitment = (salt: string, record: DecisionRecord): string =>
  commitmentOf(salt, canonicalText(record));
