/**
 * Access to the legal basis of a withheld order, and the fields that other readers see (ADR 43). Pure. Every response with an order's terms
 * uses this module. A new field of an order is hidden until the list of visible fields has its name.
 */
import { type Visibility, WITHHELD_NOTICE, WITHHELD_TITLE } from '../../../shared/api/order-readings.ts';
import { areasBeyond, type OrderArea } from '../../../shared/areas/area-code.ts';
import type { OrderTerms, Revision } from '../../../shared/order/documents.ts';
import { withheldAt } from '../../../shared/order/stub.ts';
import type { AccountId, PersonId } from '../../../shared/protocol/ids.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { OrderView, RevisionSummary } from './order-views.ts';

/** Account that reads an order. An API token has the access of its account. */
export interface OrderReader {
  readonly account: AccountId;
  readonly person: PersonId;
  /** Areas in which the account's role `legal` or `owner` permits access to withheld orders. Null means all areas. */
  readonly areas: readonly OrderArea[] | null;
}

/** Facts that decide whether a reader may see a withheld order. All person ids are canonical. */
export interface WithheldFacts {
  /**
   * `shown` is true if the requested revision is withheld; for a whole order, if the revision with the displayed terms is withheld. `any`
   * is true if any revision of the order is withheld.
   */
  readonly shown: boolean;
  readonly any: boolean;
  readonly locations: readonly OrderArea[];
  readonly proposers: ReadonlySet<string>;
  /** Members of the current approver set, and people who signed the order's revisions. */
  readonly approvers: ReadonlySet<string>;
}

export function visibilityTo(
  { person, areas }: Pick<OrderReader, 'person' | 'areas'>,
  facts: WithheldFacts,
): Visibility {
  if (!facts.any) return 'public';
  const byRole = areas === null || (areas.length > 0 && areasBeyond(areas, facts.locations).length === 0);
  if (byRole || facts.proposers.has(person) || facts.approvers.has(person)) return 'restricted';
  return facts.shown ? 'hidden' : 'public';
}

/** Returns the title that readers of any role may see. */
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
