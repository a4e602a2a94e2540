/**
 * Public stubs of withheld orders. A law or the order's terms can withhold an order from the public. The order list then contains a stub
 * with a hash of the revision, and devices receive the revision separately. Approvers sign stub and revision together, so that the server
 * cannot create or change a stub. The module also runs in browsers.
 */
import type { Instant } from '../time/clock.ts';
import { canonicalText, parseDocument } from './canonical.ts';
import { type OrderStub, type Revision, revisionSchema } from './documents.ts';

export function withheldAt({ salt, terms }: Pick<Revision, 'salt' | 'terms'>, now: Instant): boolean {
  return salt !== undefined && keptBack(terms, now);
}

/** Whether the terms withhold the revision from the public. */
export function keptBack({ publication }: Pick<Revision['terms'], 'publication'>, now: Instant): boolean {
  if (publication === undefined) return false;
  return 'law' in publication || now < Date.parse(publication.until);
}

export function stubOf({ installation, order, revision, terms }: Revision, digest: string): OrderStub {
  const { services, areas } = terms;
  return { installation, order, revision, services, areas, digest };
}

/**
 * Exact text of the stub that an approver signs in addition to the revision; null if the revision needs no stub. The stub contains the
 * SHA-256 of the revision's `payload`. Throws `document_malformed`.
 */
export function stubText(payload: string, digest: string): string | null {
  const revision = parseDocument(revisionSchema, new TextEncoder().encode(payload));
  return revision.salt === undefined ? null : canonicalText(stubOf(revision, digest));
}
