/**
 * Salted hash of a decision record, which the revision contains. The hash proves which decision record the approvers signed for. The salt
 * prevents a guess of the record's content.
 */
import { canonicalText } from './canonical.ts';
import type { DecisionRecord } from './documents.ts';
import { commitmentOf } from './exemption.ts';

/** SHA-256(salt || canonical JSON). `salt` has 32 random bytes in hex. */
export const decisionCommitment = (salt: string, record: DecisionRecord): string =>
  commitmentOf(salt, canonicalText(record));
