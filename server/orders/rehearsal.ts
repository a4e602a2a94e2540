/**
 * A rehearsal: an order held against the devices that it may reach, in one pass from which counts, list and warnings come. It finds them by the
 * index and never walks the fleet for an order that has nothing to do with it. A pass is cut into slices between which the loop turns, and one
 * runs at a time: several at once would put their slices end to end.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { ImpactClass } from '../../shared/api/orders.ts';
import type { AreaCode } from '../../shared/areas/area-code.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import { briefly } from './briefly.ts';
import { type Impact, impactOn, inForceAt, widened } from './impact.ts';
import type { ExemptionRow, JurisdictionPort, PlaceFacts } from './ports.ts';

/** Devices in a slice: some milliseconds. */
const SLICE = 256;
/** An admin turns pages and types: within this time the answer may be the same. */
const LASTING = 5_000;
/** A clock that has jumped makes another question of the same. */
const MINUTE = 60_000;
/** Each may hold a whole fleet. */
const KEPT = 4;

/** What is known of an active device now. */
export interface DeviceStanding {
  readonly place: PlaceFacts;
  /** Whom it was enrolled for. */
  readonly user: string;
  readonly connected: boolean;
  /** Of the order list that its present enrolment holds; 0 for none. */
  readonly listVersion: number;
}

/** Read for thousands of devices at once. */
export interface StandingStore {
  /** Active devices only. */
  standing(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, DeviceStanding>>;
  activeDevices(): Promise<number>;
  /** The version of the first order list in which a revision stands that was adopted then; null when none of those that are kept has it. */
  firstListWith(revision: { readonly payload: string; readonly adoptedAt: Instant }): Promise<number | null>;
}

export interface Rehearsing {
  readonly rule: OrderRule;
  readonly exemptions: readonly ExemptionRow[];
  /** The first list in which the revision stands; null when it stands in none. */
  readonly listed: number | null;
  readonly at: 'now' | 'effective';
  /** `denied`: nobody but whom the order denies something. */
  readonly whom: 'denied' | 'all';
  /** Of approvers, as `nameKey` spells them. */
  readonly names: ReadonlySet<string>;
}

/** Devices to which the order is the same: few sets for a whole fleet, which is then small enough to be kept for a moment. */
export interface Alike extends Impact {
  readonly home: AreaCode | null;
  readonly connected: boolean;
  readonly devices: readonly DeviceId[];
}

export interface Rehearsed {
  readonly at: Instant;
  /** Active devices of the installation. */
  readonly fleet: number;
  /** All that are of any class. */
  readonly sets: readonly Alike[];
  /** Denied, and enrolled for the name of an approver. */
  readonly ofApprovers: number;
}

export interface Rehearsal {
  /** May be some seconds old. */
  rehearse(asked: Rehearsing): Promise<Rehearsed>;
  /** Of this moment. */
  rehearseAnew(asked: Rehearsing): Promise<Rehearsed>;
}

/** One spelling for a person's name or e-mail. */
export function nameKey(text: string): string {
  return text.normalize('NFKC').trim().toUpperCase().toLowerCase();
}

export function createRehearsal(ports: {
  readonly jurisdiction: Pick<JurisdictionPort, 'affectedBy'>;
  readonly standing: StandingStore;
  readonly clock: Clock;
}): Rehearsal {
  const { jurisdiction, standing, clock } = ports;
  const brief = briefly<Rehearsed>({ lasting: LASTING, most: KEPT });
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(pass: () => Promise<T>): Promise<T> {
    const mine = last.then(pass);
    last = mine.catch(() => undefined);
    return mine;
  }

  async function pass({ rule: given, exemptions, listed, at: when, whom, names }: Rehearsing): Promise<Rehearsed> {
    const now = clock.now();
    const at = when === 'now' ? now : Math.max(now, given.effective);
    const rule = inForceAt(given, at);
    const exempt = Map.groupBy(exemptions, ({ device }) => device);
    const candidates = new Set(await jurisdiction.affectedBy(whom === 'all' ? widened(rule) : rule));
    if (whom === 'all') for (const device of exempt.keys()) candidates.add(device);
    const sets = new Map<string, Alike & { readonly devices: DeviceId[] }>();
    let ofApprovers = 0;

    for (const some of slices([...candidates], SLICE)) {
      for (const [device, { place, connected, listVersion, user }] of await standing.standing(some)) {
        const holdsList = listed !== null && listVersion >= listed;
        const subject = { place, exemptions: exempt.get(device) ?? [], connected, holdsList };
        const impact = impactOn(rule, subject, { now, at });
        const denied = impact.denied.length > 0;
        if (whom === 'all' ? impact.classes.length === 0 : !denied) continue;
        const { home } = place;
        const { classes, reasons, areas } = impact;
        const key = [classes, impact.denied, reasons, areas, home, connected].join(' ');
        const set = sets.get(key);
        if (set) set.devices.push(device);
        else sets.set(key, { ...impact, home, connected, devices: [device] });
        if (denied && names.size > 0 && names.has(nameKey(user))) ofApprovers += 1;
      }
      await turn();
    }
    return { at, fleet: await standing.activeDevices(), sets: [...sets.values()], ofApprovers };
  }

  const rehearseAnew = (asked: Rehearsing) => inTurn(() => pass(asked));
  return { rehearseAnew, rehearse: (asked) => brief.get(keyOf(asked, clock.now()), () => rehearseAnew(asked)) };
}

export function* slices<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

export function sizeOf(sets: readonly Alike[]): number {
  return sets.reduce((sum, { devices }) => sum + devices.length, 0);
}

export function countsOf(sets: readonly Alike[]): Record<ImpactClass, number> {
  const places = { borderline: 0, unknown: 0, visiting: 0, travelling: 0 };
  const counts = { denied: 0, ...places, exempt: 0, offline_current: 0, offline_behind: 0 };
  for (const { classes, devices } of sets) for (const each of classes) counts[each] += devices.length;
  return counts;
}

/** All that an answer depends on but the devices themselves: an order's title, its words and its number are not in it. */
function keyOf({ rule, exemptions, listed, at, whom, names }: Rehearsing, now: Instant): string {
  const { services, areas, nexus, unknown, contested, visitors, travellers, disputed, effective } = rule;
  const sets = [services, areas, nexus, names].map((set) => [...set].sort());
  const exempt = exemptions.map(({ device, until }) => [device, until]);
  const own = [unknown, contested, visitors, travellers, [...disputed], at === 'effective' ? effective : null];
  return sha256(JSON.stringify([sets, exempt, listed, at, whom, own, Math.floor(now / MINUTE)]));
}
