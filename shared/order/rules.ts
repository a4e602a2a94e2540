/**
 * Conversion of verified revisions of orders into rules that decide which services are suspended for a device. Times and durations become
 * milliseconds, and each area group becomes a list of its areas.
 */
import { type HomeArea, parseHomeArea } from '../areas/area-code.ts';
import type { Instant } from '../time/clock.ts';
import { DEFAULT_WAITING, type OrderRule } from '../verdict/terms.ts';
import { briefPauseEnds } from './adoption-state.ts';
import type { Revision } from './documents.ts';
import { readOrderAreas } from './order-areas.ts';

function pausedUntil(revision: Revision, permanentPause: boolean): Instant | null {
  if (revision.status !== 'paused') return null;
  return permanentPause ? Infinity : (briefPauseEnds(revision) ?? Infinity);
}

/**
 * Converts a revision of an order into a rule. Throws `unknown_area` for an area that neither Cordon nor the order defines, because a
 * device must not enforce only a part of an order.
 */
export function compileRule({
  revision,
  permanentPause,
}: {
  readonly revision: Revision;
  readonly permanentPause: boolean;
}): OrderRule {
  const { terms } = revision;
  const { locations, polygons } = readOrderAreas(terms);
  return {
    order: revision.order,
    revision: revision.revision,
    services: new Set(terms.services),
    areas: locations,
    ...(polygons.length > 0 && { polygons }),
    nexus: new Set(terms.nexus),
    effective: Date.parse(terms.effective),
    until: terms.until === null ? null : Date.parse(terms.until),
    pausedUntil: pausedUntil(revision, permanentPause),
    withdrawn: revision.status === 'withdrawn',
    unknown: terms.unknown,
    contested: terms.contested,
    stale: terms.stale,
    visitors: Temporal.Duration.from(terms.visitors).total('milliseconds'),
    travelers: terms.travelers,
    waiting: terms.waiting ?? DEFAULT_WAITING,
    disputed: new Map<string, HomeArea>(
      Object.entries(terms.disputed).map(([feature, area]) => [feature, parseHomeArea(area)]),
    ),
  };
}

export function compileRules(
  accepted: Iterable<{ readonly revision: Revision; readonly permanentPause: boolean }>,
): OrderRule[] {
  return [...accepted].map(compileRule).sort((a, b) => (a.order < b.order ? -1 : 1));
}
