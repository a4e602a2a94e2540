/**
 * Decides who may read the legal basis of a withheld order, and removes it from responses to everyone else (ADR 43). The functions are
 * pure. New fields of an order are hidden until they are added to the list of visible fields.
 */
import { type Visibility, WITHHELD_NOTICE, WITHHELD_TITLE } from '../../../shared/api/order-readings.ts';
import { areasOutside, type OrderArea } from '../../../shared/areas/area-code.ts';
import type { OrderTerms, Revision } from '../../../shared/order/documents.ts';
import { withheldAt } from '../../../shared/order/stub.ts';
import type { AccountId, PersonId } from '../../../shared/protocol/ids.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { OrderView, RevisionSummary } from './order-views.ts';

/** Account that reads an order. A request with an API token has the access of the token's account. */
export interface OrderReader {
  readonly account: AccountId;
  readonly person: PersonId;
  /** Areas in which the account has the role `legal` or `owner` and may therefore read withheld orders. Null means all areas. */
  readonly areas: readonly OrderArea[] | null;
}

/**
 * Facts about an order that decide who may read its withheld revisions, whose text is hidden from the public. If a person has several ids,
 * only the oldest id appears.
 */
export interface WithheldFacts {
  /** True if the response would show a withheld revision. */
  readonly shown: boolean;
  /** True if at least one requested revision is withheld. */
  readonly any: boolean;
  readonly locations: readonly OrderArea[];
  readonly proposers: ReadonlySet<string>;
  /**
   * People who may read the order's withheld revisions because they are approvers: members of the current approver set, and everyone who
   * has signed a revision of the order.
   */
  readonly approvers: ReadonlySet<string>;
}

export function visibilityTo(
  { person, areas }: Pick<OrderReader, 'person' | 'areas'>,
  facts: WithheldFacts,
): Visibility {
  if (!facts.any) return 'public';
  const byRole = areas === null || (areas.length > 0 && areasOutside(areas, facts.locations).length === 0);
  if (byRole || facts.proposers.has(person) || facts.approvers.has(person)) return 'restricted';
  return facts.shown ? 'hidden' : 'public';
}

export function openTitle({ salt, terms }: Pick<Revision, 'salt' | 'terms'>, now: Instant): string {
  return withheldAt({ ...(salt !== undefined && { salt }), terms }, now) ? WITHHELD_TITLE : terms.title;
}

type Listed = Omit<OrderView, 'revisions' | 'executions'>;

function hiddenTerms({ areas, services, effective, until, zone, mode }: OrderTerms) {
  return { areas, services, effective, until, zone, mode };
}

export function listedOrder(order: Listed) {
  const { number, title, status, adoptedRevision, latestRevision, pausedUntil, terms, withheld, proceedings } = order;
  const state = { number, status, adoptedRevision, latestRevision, pausedUntil };
  if (!withheld) return { ...state, visibility: 'public' as const, title, terms, proceedings };
  const hidden = { title: WITHHELD_TITLE, notice: WITHHELD_NOTICE, terms: hiddenTerms(terms) } as const;
  return { ...state, visibility: 'hidden' as const, ...hidden };
}

function maskedRevision(revision: RevisionSummary): RevisionSummary {
  return revision.withheld ? { ...revision, proposer: null, endedBy: null, endReason: null } : revision;
}

export function visibleOrder(order: OrderView, visibility: Visibility) {
  const { title, terms, executions, proceedings } = order;
  if (visibility === 'restricted')
    return { ...listedOrder(order), visibility, title, terms, executions, proceedings, revisions: order.revisions };
  const revisions = order.revisions.map(maskedRevision);
  return { ...listedOrder(order), executions, revisions };
}
