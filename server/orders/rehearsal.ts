/**
 * A rehearsal: an order held against the devices that it may reach, in one pass from which counts, list and warnings come. It finds them by the
 * index and never walks the fleet for an order that has nothing to do with it. A pass is cut into slices between which the loop turns, and one
 * runs at a time: several at once would put their slices end to end.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { ImpactChange, ImpactClass } from '../../shared/api/orders.ts';
import type { AreaCode } from '../../shared/areas/area-code.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import { briefly } from './briefly.ts';
import { type Change, changeOf, type Impact, impactOn, inForceAt, type Known, likenessOf, widened } from './impact.ts';
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

/** What waits for a device: sealed messages in its mailbox with their bytes, and commands that it has not carried out. */
export interface Waits {
  readonly messages: number;
  readonly bytes: number;
  readonly commands: number;
}

export const NOTHING_WAITS: Waits = { messages: 0, bytes: 0, commands: 0 };

export interface Owed extends DeviceStanding {
  readonly waits: Waits;
  /** By a verified receipt of its present enrolment about some revision of the order. */
  readonly informed: boolean;
}

/** Read for thousands of devices at once. */
export interface StandingStore {
  /** Active devices only. */
  standing(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, DeviceStanding>>;
  /** Active devices only, with what waits for them. `order`: who was informed of it; null for one that nobody can have heard of. */
  standingAndDues(devices: readonly DeviceId[], order: string | null): Promise<ReadonlyMap<DeviceId, Owed>>;
  activeDevices(): Promise<number>;
}

export interface Rehearsing {
  readonly rule: OrderRule;
  readonly exemptions: readonly ExemptionRow[];
  /** The first list in which the revision stands; null when it stands in none. */
  readonly listed: number | null;
  /** The order's number, for who was informed of it; null for a draft. */
  readonly number: string | null;
  /** Another revision of the same order, to tell what this one changes. */
  readonly against: { readonly rule: OrderRule; readonly exemptions: readonly ExemptionRow[] } | null;
  /** Nobody but whom this would find; absent: all whom the two may reach. */
  readonly among?: OrderRule;
  readonly at: 'now' | 'effective';
  /** `denied`: nobody but whom this order, or that which it is held against, denies something. */
  readonly whom: 'denied' | 'all';
  /** Of approvers, as `nameKey` spells them. */
  readonly names: ReadonlySet<string>;
}

/** Devices to which the order is the same: few sets for a whole fleet, which is then small enough to be kept for a moment. */
export interface Alike extends Impact {
  readonly home: AreaCode | null;
  readonly connected: boolean;
  /** Null too when nothing was to be compared. */
  readonly change: Change | null;
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
  /** Of those that are denied, whoever has something waiting. */
  readonly waits: ReadonlyMap<DeviceId, Waits>;
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

  async function candidatesOf(
    { rule, exemptions, against, among, whom }: Rehearsing,
    at: Instant,
  ): Promise<readonly DeviceId[]> {
    if (among) return jurisdiction.affectedBy(among);
    const reached = await jurisdiction.affectedBy(inForceAt(whom === 'all' ? widened(rule) : rule, at));
    const exempt = whom === 'all' ? [...exemptions, ...(against?.exemptions ?? [])] : [];
    if (against === null && exempt.length === 0) return reached;
    const found = new Set(reached);
    for (const { device } of exempt) found.add(device);
    if (against) {
      const others = await jurisdiction.affectedBy(inForceAt(against.rule, at));
      for (const some of slices(others, SLICE)) {
        for (const device of some) found.add(device);
        await turn();
      }
    }
    return [...found];
  }

  async function pass(asked: Rehearsing): Promise<Rehearsed> {
    const { listed, number, whom, names } = asked;
    const now = clock.now();
    const { at, sets, setOf } = gathering(asked, now);
    const waits = new Map<DeviceId, Waits>();
    let ofApprovers = 0;

    const standingOf = (some: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, DeviceStanding & Partial<Owed>>> =>
      whom === 'all' ? standing.standingAndDues(some, number) : standing.standing(some);

    for (const some of slices(await candidatesOf(asked, at), SLICE)) {
      for (const [device, { place, user, connected, listVersion, ...owed }] of await standingOf(some)) {
        const holdsList = listed !== null && listVersion >= listed;
        const set = setOf(device, { place, connected, holdsList, informed: owed.informed === true });
        if (!set) continue;
        set.devices.push(device);
        if (set.denied.length === 0) continue;
        if (owed.waits && owed.waits.messages + owed.waits.commands > 0) waits.set(device, owed.waits);
        if (names.size > 0 && names.has(nameKey(user))) ofApprovers += 1;
      }
      await turn();
    }
    return { at, fleet: await standing.activeDevices(), sets: [...sets.values()], ofApprovers, waits };
  }

  const rehearseAnew = (asked: Rehearsing) => inTurn(() => pass(asked));
  return { rehearseAnew, rehearse: (asked) => brief.get(keyOf(asked, clock.now()), () => rehearseAnew(asked)) };
}

/** A revision that has begun is held against this moment. */
function momentOf({ effective }: OrderRule, when: Rehearsing['at'], now: Instant): Instant {
  return when === 'now' ? now : Math.max(now, effective);
}

/** Puts those together to whom the order is the same. Whoever is alike is judged once: there are few likenesses in a whole fleet. */
function gathering({ rule, exemptions, against, at: when, whom }: Rehearsing, now: Instant) {
  type Gathered = Alike & { readonly devices: DeviceId[] };
  const after = judging(rule, exemptions, momentOf(rule, when, now));
  const before = against && judging(against.rule, against.exemptions, momentOf(against.rule, when, now));
  const rules = before ? [rule, before.rule] : [rule];
  const sets = new Map<string, Gathered>();
  const alike = new Map<string, Gathered | null>();

  function judge(device: DeviceId, known: Known): Gathered | null {
    const impact = after.impact(device, known, now);
    const change =
      before && changeOf({ rule: before.rule, impact: before.impact(device, known, now) }, { rule, impact });
    const { classes, denied, reasons, areas, exemptUntil } = impact;
    if (change === null && (whom === 'all' ? classes : denied).length === 0) return null;
    const { connected } = known;
    const { home } = known.place;
    const changed = change && [change.kind, change.before.denied, change.before.reasons];
    const key = [classes, denied, reasons, areas, exemptUntil, home, connected, changed].join(' ');
    const set = sets.get(key) ?? { ...impact, home, connected, change, devices: [] };
    sets.set(key, set);
    return set;
  }

  /** Null: of no class. */
  function setOf(device: DeviceId, known: Known): Gathered | null {
    const likeness = after.exempts(device) || before?.exempts(device) ? null : likenessOf(rules, known, now);
    if (likeness === null) return judge(device, known);
    const set = alike.get(likeness);
    if (set !== undefined) return set;
    const judged = judge(device, known);
    alike.set(likeness, judged);
    return judged;
  }

  return { at: after.at, sets, setOf };
}

function judging(rule: OrderRule, exemptions: readonly ExemptionRow[], at: Instant) {
  const inForce = inForceAt(rule, at);
  const exempt = Map.groupBy(exemptions, ({ device }) => device);
  return {
    at,
    rule,
    exempts: (device: DeviceId) => exempt.has(device),
    impact: (device: DeviceId, known: Known, now: Instant) =>
      impactOn(inForce, { ...known, exemptions: exempt.get(device) ?? [] }, { now, at }),
  };
}

export function* slices<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

export function sizeOf(sets: readonly Alike[]): number {
  return sets.reduce((sum, { devices }) => sum + devices.length, 0);
}

export function countsOf(sets: readonly Alike[]): Record<ImpactClass, number> {
  const places = { borderline: 0, unknown: 0, visiting: 0, travelling: 0 };
  const counts = { denied: 0, ...places, exempt: 0, offline_current: 0, offline_behind: 0, uninformed: 0 };
  for (const { classes, devices } of sets) for (const each of classes) counts[each] += devices.length;
  return counts;
}

export function changesOf(sets: readonly Alike[]): Record<ImpactChange, number> {
  const counts = { in: 0, out: 0, changed: 0 };
  for (const { change, devices } of sets) if (change) counts[change.kind] += devices.length;
  return counts;
}

export interface PlaceCount {
  readonly area: AreaCode;
  readonly devices: number;
  readonly denied: number;
}

/** By where they are, or may be: who may be in two places counts in both. */
export function placesOf(sets: readonly Alike[]): PlaceCount[] {
  const counts = new Map<AreaCode, { devices: number; denied: number }>();
  for (const { areas, denied, devices } of sets) {
    for (const area of areas) {
      const count = counts.get(area) ?? { devices: 0, denied: 0 };
      count.devices += devices.length;
      if (denied.length > 0) count.denied += devices.length;
      counts.set(area, count);
    }
  }
  return [...counts].map(([area, count]) => ({ area, ...count })).sort((a, b) => (a.area < b.area ? -1 : 1));
}

export function waitingOf(waits: ReadonlyMap<DeviceId, Waits>): Waits & { readonly devices: number } {
  const sum = { devices: waits.size, messages: 0, bytes: 0, commands: 0 };
  for (const { messages, bytes, commands } of waits.values()) {
    sum.messages += messages;
    sum.bytes += bytes;
    sum.commands += commands;
  }
  return sum;
}

/** All that an answer depends on but the devices themselves: an order's title and its words are not in it. */
function keyOf(
  { rule, exemptions, listed, number, against, among, at, whom, names }: Rehearsing,
  now: Instant,
): string {
  const compared = against && termsKey(against.rule, against.exemptions, at);
  const who = [among && termsKey(among, [], at), listed, number, at, whom, [...names].sort(), Math.floor(now / MINUTE)];
  return sha256(JSON.stringify([termsKey(rule, exemptions, at), compared, who]));
}

function termsKey(rule: OrderRule, exemptions: readonly ExemptionRow[], at: Rehearsing['at']): unknown {
  const { services, areas, polygons = [], nexus, unknown, contested, visitors, travellers, disputed, effective } = rule;
  const drawn = polygons.map(({ code }) => code);
  const sets = [services, areas, nexus, drawn].map((set) => [...set].sort());
  const own = [unknown, contested, visitors, travellers, [...disputed], at === 'effective' ? effective : null];
  const lifted = [rule.withdrawn, rule.heldUntil === null];
  return [sets, own, lifted, exemptions.map(({ device, until }) => [device, until])];
}
