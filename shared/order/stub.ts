/**
 * Public stubs of orders that are withheld from the public. The order list contains a stub with a hash of the revision, and devices receive
 * the revision separately. Approvers sign both, so that the server cannot create or change a stub.
 */
import type { Instant } from '../time/clock.ts';
import { canonicalText, parseDocument } from './canonical.ts';
import { type OrderStub, type Revision, revisionSchema } from './documents.ts';

export function withheldAt({ salt, terms }: Pick<Revision, 'salt' | 'terms'>, now: Instant): boolean {
  return salt !== undefined && requiresWithholding(terms, now);
}

export function requiresWithholding({ publication }: Pick<Revision['terms'], 'publication'>, now: Instant): boolean {
  if (publication === undefined) return false;
  return 'law' in publication || now < Date.parse(publication.until);
}

export function stubOf({ installation, order, revision, terms }: Revision, digest: string): OrderStub {
  const { services, areas } = terms;
  return { installation, order, revision, services, areas, digest };
}

/**
 * Returns the exact text of the stub, which the public sees instead of a withheld revision; null if the revision is not withheld. An
 * approver also signs this text, so that the server cannot change it. `digest` is the SHA-256 of `payload`. Throws `document_malformed`.
 */
export function stubText(payload: string, digest: string): string | null {
  const revision = parseDocument(revisionSchema, new TextEncoder().encode(payload));
  return revision.salt === undefined ? null : canonicalText(stubOf(revision, digest));
}
