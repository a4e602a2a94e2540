/**
 * Turns a change's draft into the leaf that is logged, and the opening that only the operator keeps. Whom it is about goes in as
 * SHA-256(salt || subject) under a fresh salt: nobody can test a guess against it, and equal subjects do not look equal.
 */
import { createHash, randomBytes } from 'node:crypto';
import { canonicalText } from '../order/canonical.ts';
import { type LeafDraft, leafSchema, type Opening } from './leaf.ts';
import { leafHash } from './merkle.ts';

export interface MadeLeaf {
  /** The leaf's exact bytes as text: canonical JSON. */
  readonly body: string;
  /** RFC 9162 leaf hash of `body`, hex. */
  readonly hash: string;
  /** What opens the commitment; null when the leaf is about nobody. */
  readonly opening: Opening | null;
}

export function makeLeaf(draft: LeafDraft, salt: Buffer = randomBytes(32)): MadeLeaf {
  const { subject } = draft;
  const leaf = leafSchema.parse({
    kind: draft.kind,
    at: draft.at,
    subject: subject === null ? null : subjectCommitment(salt, subject),
    public: draft.public,
  });
  const body = canonicalText(leaf);
  return {
    body,
    hash: leafHash(Buffer.from(body)).toString('hex'),
    opening: subject === null ? null : { salt: salt.toString('hex'), subject },
  };
}

/** SHA-256 over salt and subject, hex. */
export function subjectCommitment(salt: Buffer, subject: string): string {
  return createHash('sha256').update(salt).update(subject, 'utf8').digest('hex');
}
