/**
 * Orders that are kept from the public, by law or until a day: the list carries a stub in the revision's place, and devices get the revision beside
 * the list. Approvers sign the stub with the revision, each in one act, so that the server can neither make one nor make one say something else. Pure,
 * and the same in a browser, which works out digests in its own way.
 */
import type { Instant } from '../time/clock.ts';
import { canonicalText, parseDocument } from './canonical.ts';
import { type OrderStub, type Revision, revisionSchema } from './documents.ts';

export function withheldAt({ salt, terms }: Pick<Revision, 'salt' | 'terms'>, now: Instant): boolean {
  return salt !== undefined && keptBack(terms, now);
}

/** What the terms ask for, whether or not the revision was made for it. */
export function keptBack({ publication }: Pick<Revision['terms'], 'publication'>, now: Instant): boolean {
  if (publication === undefined) return false;
  return 'law' in publication || now < Date.parse(publication.until);
}

export function stubOf({ installation, order, revision, terms }: Revision, digest: string): OrderStub {
  const { services, areas } = terms;
  return { installation, order, revision, services, areas, digest };
}

/**
 * The exact text that an approver signs beside the revision; null for one that needs none. `payload`: the revision's, with its SHA-256 as whoever calls
 * has worked it out from it. Throws `document_malformed`.
 */
export function stubText(payload: string, digest: string): string | null {
  const revision = parseDocument(revisionSchema, new TextEncoder().encode(payload));
  return revision.salt === undefined ? null : canonicalText(stubOf(revision, digest));
}
