/**
 * Creation of ledger entries, each with the opening of its commitment (salt and subject), which only the operator keeps. An entry contains
 * SHA-256(salt || subject) with a new random salt. Nobody can test a guess of the subject, and equal subjects have different hashes.
 */
import { createHash, randomBytes } from 'node:crypto';
import { canonicalText } from '../order/canonical.ts';
import { type EntryDraft, entrySchema, type Opening } from './ledger-entry.ts';
import { leafHash } from './merkle.ts';

export interface MadeEntry {
  /** Exact bytes of the entry as text, in canonical JSON. */
  readonly body: string;
  /** Leaf hash of `body` (RFC 9162), in hex. */
  readonly hash: string;
  /** Salt and subject that open the entry's commitment; null for an entry without a subject. */
  readonly opening: Opening | null;
}

export function makeEntry(draft: EntryDraft, salt: Buffer = randomBytes(32)): MadeEntry {
  const { subject } = draft;
  const entry = entrySchema.parse({
    kind: draft.kind,
    at: draft.at,
    subject: subject === null ? null : subjectCommitment(salt, subject),
    public: draft.public,
  });
  const body = canonicalText(entry);
  return {
    body,
    hash: leafHash(Buffer.from(body)).toString('hex'),
    opening: subject === null ? null : { salt: salt.toString('hex'), subject },
  };
}

/** SHA-256 of salt and subject, in hex. */
export function subjectCommitment(salt: Buffer, subject: string): string {
  return createHash('sha256').update(salt).update(subject, 'utf8').digest('hex');
}
