/**
 * Orders that are withheld from the public, by law or until a day. The list contains a stub instead of the revision, and devices receive
 * the revision beside the list. Approvers sign stub and revision together, so that the server cannot create or change a stub. Pure, and the
 * same in a browser.
 */
import type { Instant } from '../time/clock.ts';
import { canonicalText, parseDocument } from './canonical.ts';
import { type OrderStub, type Revision, revisionSchema } from './documents.ts';

export function withheldAt({ salt, terms }: Pick<Revision, 'salt' | 'terms'>, now: Instant): boolean {
  return salt !== undefined && keptBack(terms, now);
}

/** Whether the terms ask to withhold the revision. */
export function keptBack({ publication }: Pick<Revision['terms'], 'publication'>, now: Instant): boolean {
  if (publication === undefined) return false;
  return 'law' in publication || now < Date.parse(publication.until);
}

export function stubOf({ installation, order, revision, terms }: Revision, digest: string): OrderStub {
  const { services, areas } = terms;
  return { installation, order, revision, services, areas, digest };
}

/**
 * Exact text that an approver signs beside the revision; null if the revision needs none. `payload`: the revision's, with its SHA-256.
 * Throws `document_malformed`.
 */
export function stubText(payload: string, digest: string): string | null {
  const revision = parseDocument(revisionSchema, new TextEncoder().encode(payload));
  return revision.salt === undefined ? null : canonicalText(stubOf(revision, digest));
}
