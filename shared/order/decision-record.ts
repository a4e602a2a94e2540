/**
 * What a signed revision says of its decision record: SHA-256(salt || canonical JSON), so that a record can be shown to be the one that approvers
 * signed for, and cannot be guessed.
 */
import { canonicalText } from './canonical.ts';
import type { DecisionRecord } from './documents.ts';
import { commitmentOf } from './exemption.ts';

/** `salt`: 32 bytes in hex. */
export const decisionCommitment = (salt: string, record: DecisionRecord): string =>
  commitmentOf(salt, canonicalText(record));
