/**
 * What orders would make of devices whose address said something else: held against those in force and announced, before anything is changed. The
 * same look ahead as a rehearsal's (`impact.ts`): devices stay where they are but for what the address says.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { AreaCode } from '../../shared/areas/area-code.ts';
import { exemptionsFor } from '../../shared/order/exemption.ts';
import type { AcceptedRevision } from '../../shared/order/verify-list.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { emptyLocation, observe, observeAll } from '../../shared/verdict/locate.ts';
import { EVIDENCE_SOURCES, type LocationState, type OrderRule } from '../../shared/verdict/terms.ts';
import { impactOn, inForceAt } from './impact.ts';
import type { JurisdictionPort, OrderStore } from './ports.ts';
import { slices } from './rehearsal.ts';

/** Devices that are read together. */
const TOGETHER = 100;
/** Milliseconds without a turn of the loop. */
const SLICE = 10;

/** Of the devices that are moved alone. */
export interface OrderChange {
  readonly order: string;
  readonly title: string;
  readonly effective: Instant;
  readonly denied: { readonly before: number; readonly after: number };
  readonly newlyDenied: number;
  readonly newlyAllowed: number;
}

export async function addressChange(given: {
  readonly moved: ReadonlyMap<DeviceId, AreaCode | null>;
  readonly accepted: ReadonlyMap<string, AcceptedRevision>;
  readonly rules: readonly OrderRule[];
  readonly now: Instant;
  readonly jurisdiction: Pick<JurisdictionPort, 'facts'>;
  readonly store: Pick<OrderStore, 'exemptionsOf'>;
}): Promise<OrderChange[]> {
  const { moved, accepted, now, jurisdiction, store } = given;
  // The instant after the change, when what the address says has been heard twice.
  const moments = (rule: OrderRule) => ({ now: now + 1, at: Math.max(now + 1, rule.effective) });
  const rules = given.rules.filter(({ withdrawn, until }) => !withdrawn && (until === null || until > now));
  const counts = new Map(rules.map((rule) => [rule, { before: 0, after: 0, newlyDenied: 0, newlyAllowed: 0 }]));
  const revisions = [...accepted.values()].map(({ revision }) => revision);

  for (const devices of slices([...moved.keys()], TOGETHER)) {
    const places = await jurisdiction.facts(devices);
    const exempt = Map.groupBy(await store.exemptionsOf(devices), ({ device }) => device);
    let began = performance.now();
    for (const [device, place] of places) {
      if (performance.now() - began > SLICE) {
        await turn();
        began = performance.now();
      }
      const exemptions = exemptionsFor(device, { device, exemptions: exempt.get(device) ?? [] }, revisions);
      const changed = { ...place, location: movedTo(place.location, moved.get(device) ?? null, now) };
      for (const [rule, count] of counts) {
        const mine = exemptions.filter(({ order }) => order === rule.order);
        const when = moments(rule);
        const denied = (at: typeof place) =>
          impactOn(inForceAt(rule, when.at), { place: at, exemptions: mine, ...NOBODY }, when).denied.length > 0;
        const [before, after] = [denied(place), denied(changed)];
        count.before += Number(before);
        count.after += Number(after);
        count.newlyDenied += Number(after && !before);
        count.newlyAllowed += Number(before && !after);
      }
    }
    await turn();
  }
  return [...counts].map(([{ order, effective }, { before, after, ...changes }]) => ({
    order,
    title: accepted.get(order)?.revision.terms.title ?? '',
    effective,
    denied: { before, after },
    ...changes,
  }));
}

/** Who is connected, and what it holds, is not what is asked. */
const NOBODY = { connected: true, holdsList: true, informed: true };

/** The location if the address had said this all along; null: if it said nothing. */
function movedTo(state: LocationState, area: AreaCode | null, now: Instant): LocationState {
  if (area !== null) {
    const at = Math.max(now, state.sightings.address?.at ?? 0);
    const word = { source: 'address', areas: [area], connected: true } as const;
    return observe(observe(state, { ...word, at }), { ...word, at: at + 1 });
  }
  const rest = EVIDENCE_SOURCES.filter((source) => source !== 'address').flatMap((source) => {
    const { first, count: _count, ...seen } = state.sightings[source] ?? { first: null, count: 0 };
    return first === null || !('at' in seen) ? [] : [{ ...seen, at: first }, seen];
  });
  const without = observeAll(emptyLocation(), rest);
  // Where the others say the same, its arrival stands.
  const same = without.counted?.areas.join() === state.counted?.areas.join();
  return same ? { ...without, stays: state.stays, networkStays: state.networkStays } : without;
}
