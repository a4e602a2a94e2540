/**
 * Creation of ledger entries. An entry contains SHA-256(salt || subject) with a random salt, so nobody can test a guess of the subject, and
 * equal subjects have different hashes. Only the operator keeps the salt.
 */
import { createHash, randomBytes } from 'node:crypto';
import { canonicalText } from '../order/canonical.ts';
import { type EntryDraft, entrySchema, type Opening } from './ledger-entry.ts';
import { leafHash } from './merkle.ts';

export interface MadeEntry {
  readonly body: string;
  /** Leaf hash of `body` (RFC 9162), in hex. */
  readonly hash: string;
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

export function subjectCommitment(salt: Buffer, subject: string): string {
  return createHash('sha256').update(salt).update(subject, 'utf8').digest('hex');
}
