/** From verified revisions to what the evaluation reads: times and durations in milliseconds, areas expanded, holds with their end. */
import { type AreaCode, parsePlace } from '../areas/area-code.ts';
import type { Instant } from '../time/clock.ts';
import { type OrderRule, UNSAID_WAITING } from '../verdict/terms.ts';
import type { Revision } from './documents.ts';
import { readOrderAreas } from './order-areas.ts';
import { briefHoldEnds } from './standing.ts';

function heldUntil(revision: Revision, lasting: boolean): Instant | null {
  if (revision.status !== 'held') return null;
  return lasting ? Infinity : (briefHoldEnds(revision) ?? Infinity);
}

/** Throws `unknown_area` for an area that neither this version's tables nor the order hold: half an order is not enforced. */
export function compileRule({
  revision,
  lasting,
}: {
  readonly revision: Revision;
  readonly lasting: boolean;
}): OrderRule {
  const { terms } = revision;
  const { places, polygons } = readOrderAreas(terms);
  return {
    order: revision.order,
    revision: revision.revision,
    services: new Set(terms.services),
    areas: places,
    ...(polygons.length > 0 && { polygons }),
    nexus: new Set(terms.nexus),
    effective: Date.parse(terms.effective),
    until: terms.until === null ? null : Date.parse(terms.until),
    heldUntil: heldUntil(revision, lasting),
    withdrawn: revision.status === 'withdrawn',
    unknown: terms.unknown,
    contested: terms.contested,
    stale: terms.stale,
    visitors: Temporal.Duration.from(terms.visitors).total('milliseconds'),
    travellers: terms.travellers,
    waiting: terms.waiting ?? UNSAID_WAITING,
    disputed: new Map<string, AreaCode>(
      Object.entries(terms.disputed).map(([feature, area]) => [feature, parsePlace(area)]),
    ),
  };
}

/** In the order of their numbers. */
export function compileRules(
  accepted: Iterable<{ readonly revision: Revision; readonly lasting: boolean }>,
): OrderRule[] {
  return [...accepted].map(compileRule).sort((a, b) => (a.order < b.order ? -1 : 1));
}
