/**
 * Impact preview for a new IP database, which locates some addresses differently. The preview shows how announced and active orders would
 * affect devices with the new database. It assumes that all other data about the devices remain unchanged.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { HomeArea } from '../../../shared/areas/area-code.ts';
import { exemptionsFor } from '../../../shared/order/exemption.ts';
import type { AcceptedRevision } from '../../../shared/order/verify-list.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import { emptyLocation, observe, observeAll } from '../../../shared/verdict/locate.ts';
import { EVIDENCE_SOURCES, type LocationState, type OrderRule } from '../../../shared/verdict/terms.ts';
import { openTitle } from '../adoption/order-visibility.ts';
import type { JurisdictionPort, OrderStore } from '../ports.ts';
import { activeAt, impactOn } from './device-impact.ts';
import { slices } from './rehearsal.ts';

const TOGETHER = 100;
/** Maximum milliseconds of work before other tasks of the event loop run. */
const SLICE = 10;

/** Impact of the new IP database on one order. All counts include only devices whose IP address gets another location. */
export interface OrderChange {
  readonly order: string;
  readonly title: string;
  readonly effective: Instant;
  readonly denied: { readonly before: number; readonly after: number };
  readonly newlyDenied: number;
  readonly newlyAllowed: number;
}

export async function addressChange(input: {
  readonly moved: ReadonlyMap<DeviceId, HomeArea | null>;
  readonly accepted: ReadonlyMap<string, AcceptedRevision>;
  readonly rules: readonly OrderRule[];
  readonly now: Instant;
  readonly jurisdiction: Pick<JurisdictionPort, 'facts'>;
  readonly orders: Pick<OrderStore, 'exemptionsOf'>;
}): Promise<OrderChange[]> {
  const { moved, accepted, now, jurisdiction, orders } = input;
  // The preview is computed for one millisecond after the change, because two observations must confirm the new location of the address.
  const moments = (rule: OrderRule) => ({ now: now + 1, at: Math.max(now + 1, rule.effective) });
  const rules = input.rules.filter(({ withdrawn, until }) => !withdrawn && (until === null || until > now));
  const counts = new Map(rules.map((rule) => [rule, { before: 0, after: 0, newlyDenied: 0, newlyAllowed: 0 }]));
  const revisions = [...accepted.values()].map(({ revision }) => revision);

  for (const devices of slices([...moved.keys()], TOGETHER)) {
    const locations = await jurisdiction.facts(devices);
    const exempt = Map.groupBy(await orders.exemptionsOf(devices), ({ device }) => device);
    let began = performance.now();
    for (const [device, facts] of locations) {
      if (performance.now() - began > SLICE) {
        await turn();
        began = performance.now();
      }
      const exemptions = exemptionsFor(device, { device, exemptions: exempt.get(device) ?? [] }, revisions);
      const changed = { ...facts, location: movedTo(facts.location, moved.get(device) ?? null, now) };
      for (const [rule, count] of counts) {
        const own = exemptions.filter(({ order }) => order === rule.order);
        const when = moments(rule);
        const denied = (at: typeof facts) =>
          impactOn(activeAt(rule, when.at), { facts: at, exemptions: own, ...CONNECTED }, when).denied.length > 0;
        const [before, after] = [denied(facts), denied(changed)];
        count.before += Number(before);
        count.after += Number(after);
        count.newlyDenied += Number(after && !before);
        count.newlyAllowed += Number(before && !after);
      }
    }
    await turn();
  }
  const titleOf = (one?: AcceptedRevision) => (one ? openTitle(one.revision, now) : '');
  return [...counts].map(([{ order, effective }, { before, after, ...changes }]) => ({
    order,
    title: titleOf(accepted.get(order)),
    effective,
    denied: { before, after },
    ...changes,
  }));
}

const CONNECTED = { connected: true, hasCurrentList: true, delivered: true };

/** Replaces the location of the device's address in its location evidence. Null means that the address has no known location. */
function movedTo(state: LocationState, area: HomeArea | null, now: Instant): LocationState {
  if (area !== null) {
    const at = Math.max(now, state.sightings.address?.at ?? 0);
    const observation = { source: 'address', areas: [area], connected: true } as const;
    return observe(observe(state, { ...observation, at }), { ...observation, at: at + 1 });
  }
  const rest = EVIDENCE_SOURCES.filter((source) => source !== 'address').flatMap((source) => {
    const { first, count: _count, ...newest } = state.sightings[source] ?? { first: null, count: 0 };
    return first === null || !('at' in newest) ? [] : [{ ...newest, at: first }, newest];
  });
  const without = observeAll(emptyLocation(), rest);
  // A device that remains in the same areas keeps its time of arrival in these areas.
  const same = without.counted?.areas.join() === state.counted?.areas.join();
  return same ? { ...without, stays: state.stays, networkStays: state.networkStays } : without;
}
