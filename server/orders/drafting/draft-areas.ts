/**
 * Areas of a draft: adds definitions of groups and polygons, checks the limit of polygons, and assigns disputed territories to countries.
 */
import { areaName } from '../../../shared/areas/area-words.ts';
import { MOST_POLYGONS } from '../../../shared/areas/evidence-text.ts';
import { completeMap, explicitMap } from '../../../shared/areas/territory-policy.ts';
import type { OrderTerms, Revision } from '../../../shared/order/documents.ts';
import { territoriesIn } from '../../../shared/order/order-areas.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import { readPayload } from '../adoption/revision-payload.ts';
import type { AreasPort, OrderStore, PolicyPort } from '../ports.ts';
import type { Objections } from './objections.ts';
import { overPolygonLimit } from './polygon-limit.ts';
import type { TermsDraft } from './terms.ts';

export interface DraftAreasPorts {
  readonly orders: Pick<OrderStore, 'pendingRevisions'>;
  readonly state: Pick<AdoptedOrders, 'accepted'>;
  readonly clock: Clock;
  readonly areas: AreasPort;
  readonly policy: PolicyPort;
}

export function createDraftAreas({ orders, state, clock, areas: definitions, policy }: DraftAreasPorts) {
  /**
   * Copies the definitions of named areas (groups of countries, and polygons) into an order's terms. An admin can change these definitions
   * later, but approvers sign the present ones.
   */
  async function withDefinitions(read: OrderTerms, objections: Objections): Promise<OrderTerms | null> {
    const { groups: _groups, polygons: _polygons, ...terms } = read;
    const defined = await objections.wait('areas', () => definitions.definitionsOf(terms.areas));
    return defined ? { ...terms, ...defined } : null;
  }

  /** Checks the limit of polygons at one location. All pending orders are included, because approvers may adopt all of them. */
  async function checkPolygons(
    terms: OrderTerms,
    order: string | undefined,
    base: Revision | null,
    objections: Objections,
  ): Promise<void> {
    const now = clock.now();
    const counts = ({ status, terms: { until } }: Revision) =>
      status !== 'withdrawn' && (until === null || now < Date.parse(until));
    const adopted = [...state.accepted().values()].map(({ revision }) => revision);
    const pending = (await orders.pendingRevisions()).map(({ payload }) => readPayload(payload));
    const others = [...adopted, ...pending].filter((each) => each.order !== order && counts(each));
    const crowded = overPolygonLimit(
      terms,
      base && counts(base) ? base.terms : null,
      others.map((each) => each.terms),
    );
    if (!crowded) return;
    const { area, polygons } = crowded;
    const detail = `With this order, ${polygons} polygons of orders would touch ${areaName(area)} (${area}), and a device can check ${MOST_POLYGONS}. Draw several polygons as one, or withdraw an order that is no longer needed.`;
    objections.add('areas', 'invalid_input', detail, { area });
  }

  /**
   * Determines the country to which each disputed territory in the draft's areas is assigned.
   * - Assignments in the draft take precedence over the current territory policy.
   * - A revision that changes neither areas nor assignments keeps the assignments that approvers signed.
   * - A revision that changes only the areas keeps the signed assignments, and uses the current territory policy for territories in new
   *   areas.
   */
  async function territoriesOf(
    terms: OrderTerms,
    { disputed, areas }: TermsDraft,
    base: Revision | null,
  ): Promise<OrderTerms['disputed']> {
    if (base && disputed === undefined && areas === undefined) return terms.disputed;
    const signed = base ? explicitMap(territoriesIn(base.terms), base.terms.disputed) : {};
    return completeMap(territoriesIn(terms), disputed ?? signed, await policy.territoryMap());
  }

  return { withDefinitions, checkPolygons, territoriesOf };
}
