/**
 * A rehearsal evaluates an order for all devices that the order can affect, and returns counts, lists and warnings. An index of devices'
 * connections with areas finds these devices. Rehearsals run one at a time and in slices, so that the event loop remains responsive.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { HomeArea } from '../../../shared/areas/area-code.ts';
import { createSerialQueue } from '../../../shared/loops/serial-queue.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { lastKnown } from '../../../shared/verdict/locate.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import { createCache } from '../cache.ts';
import type { ExemptionRow, JurisdictionPort, LocationFacts } from '../ports.ts';
import {
  activeAt,
  type Change,
  changeOf,
  type Impact,
  impactKey,
  impactOn,
  type Known,
  widenRule,
} from './device-impact.ts';

/** Number of devices that are processed in one turn of the event loop, which takes some milliseconds. */
const SLICE = 256;
/** Lifetime of a cached result in milliseconds. The cache saves computations, for example while an admin changes a form. */
const LASTING = 5_000;
/**
 * The cache key contains the time, rounded down to this many milliseconds. Cached results thus become invalid when the server's clock is
 * corrected.
 */
const MINUTE = 60_000;
/** Maximum number of cached results. One result may contain all devices of an installation. */
const MOST_CACHED = 4;

export interface DeviceState {
  readonly facts: LocationFacts;
  readonly user: string;
  readonly connected: boolean;
  /** Version of the newest order list that the device has stored since its current enrollment; 0 if none. */
  readonly listVersion: number;
}

export interface Waits {
  readonly messages: number;
  readonly bytes: number;
  readonly commands: number;
}

export const NOTHING_WAITS: Waits = { messages: 0, bytes: 0, commands: 0 };

export interface DeviceStateWithWaits extends DeviceState {
  readonly waits: Waits;
  /**
   * True if a device's verified receipt proves that the device received at least one revision of an order during its current enrollment.
   */
  readonly delivered: boolean;
}

/** Store of device states. It reads thousands of states at once. Inactive devices are absent from the results. */
export interface DeviceStateStore {
  states(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, DeviceState>>;
  /**
   * Returns the states of devices, with their pending messages and commands. In a state, `delivered` is true if a receipt proves that the
   * device received the order with the number `order`. If `order` is null, `delivered` is false for all devices.
   */
  statesWithWaits(
    devices: readonly DeviceId[],
    order: string | null,
  ): Promise<ReadonlyMap<DeviceId, DeviceStateWithWaits>>;
  activeDevices(): Promise<number>;
}

export interface RehearsalRequest {
  readonly rule: OrderRule;
  readonly exemptions: readonly ExemptionRow[];
  /** Version of the first order list that contains the revision; null if no order list contains it. */
  readonly listed: number | null;
  /** Order number, by which the store finds receipts; null for a draft. */
  readonly number: string | null;
  readonly baseline: { readonly rule: OrderRule; readonly exemptions: readonly ExemptionRow[] } | null;
  /**
   * Rule that limits an impact preview to the devices that this rule affects. Without the field, the preview considers all devices that the
   * previewed revision or the revision `baseline` can affect.
   */
  readonly among?: OrderRule;
  readonly at: 'now' | 'effective';
  /**
   * Selection of devices for an impact preview. `all`: all affected devices. `denied`: only devices for which the previewed revision or the
   * revision `baseline` suspends a service.
   */
  readonly selection: 'denied' | 'all';
  /**
   * True if the impact preview also uses the last known location of a device whose location evidence has expired. Such a device may be
   * offline, and an offline device still applies orders by its last evidence.
   */
  readonly lastSeen?: true;
  readonly names: ReadonlySet<string>;
}

/**
 * Set of devices on which an order has the same impact. Even a large number of devices forms few sets, so the result of an impact preview
 * is small enough to cache.
 */
export interface ImpactGroup extends Impact {
  readonly home: HomeArea | null;
  readonly connected: boolean;
  readonly change: Change | null;
  readonly devices: readonly DeviceId[];
}

export interface RehearsalResult {
  readonly at: Instant;
  readonly fleet: number;
  readonly sets: readonly ImpactGroup[];
  readonly ofApprovers: number;
  /** Number of devices for which the impact preview used the last known location, because their location evidence has expired. */
  readonly lastSeen: number;
  readonly waits: ReadonlyMap<DeviceId, Waits>;
}

export interface Rehearsal {
  rehearse(request: RehearsalRequest): Promise<RehearsalResult>;
  rehearseAnew(request: RehearsalRequest): Promise<RehearsalResult>;
}

/** Normalizes a name or e-mail address, so that different spellings of it are equal. */
export function nameKey(text: string): string {
  return text.normalize('NFKC').trim().toUpperCase().toLowerCase();
}

export function createRehearsal(ports: {
  readonly jurisdiction: Pick<JurisdictionPort, 'affectedBy'>;
  readonly deviceStates: DeviceStateStore;
  readonly clock: Clock;
}): Rehearsal {
  const { jurisdiction, deviceStates, clock } = ports;
  const cache = createCache<RehearsalResult>({ lasting: LASTING, most: MOST_CACHED });
  const queue = createSerialQueue();

  async function candidatesOf(
    { rule, exemptions, baseline, among, selection }: RehearsalRequest,
    at: Instant,
  ): Promise<readonly DeviceId[]> {
    if (among) return jurisdiction.affectedBy(among);
    const affected = await jurisdiction.affectedBy(activeAt(selection === 'all' ? widenRule(rule) : rule, at));
    const exempt = selection === 'all' ? [...exemptions, ...(baseline?.exemptions ?? [])] : [];
    if (baseline === null && exempt.length === 0) return affected;
    const found = new Set(affected);
    for (const { device } of exempt) found.add(device);
    if (baseline) {
      const others = await jurisdiction.affectedBy(activeAt(baseline.rule, at));
      for (const some of slices(others, SLICE)) {
        for (const device of some) found.add(device);
        await turn();
      }
    }
    return [...found];
  }

  async function run(request: RehearsalRequest): Promise<RehearsalResult> {
    const { listed, number, selection, names } = request;
    const now = clock.now();
    const { at, sets, setOf } = createGroups(request, now);
    const waits = new Map<DeviceId, Waits>();
    let ofApprovers = 0;
    let lastSeen = 0;

    const setWhereLastSeen: typeof setOf = (device, known) => {
      const location = request.lastSeen ? lastKnown(known.facts.location, now) : null;
      const set = location && setOf(device, { ...known, facts: { ...known.facts, location } });
      if (set) lastSeen += 1;
      return set;
    };

    const statesOf = (
      some: readonly DeviceId[],
    ): Promise<ReadonlyMap<DeviceId, DeviceState & Partial<DeviceStateWithWaits>>> =>
      selection === 'all' ? deviceStates.statesWithWaits(some, number) : deviceStates.states(some);

    for (const some of slices(await candidatesOf(request, at), SLICE)) {
      for (const [device, { facts, user, connected, listVersion, ...pending }] of await statesOf(some)) {
        const hasCurrentList = listed !== null && listVersion >= listed;
        const known = { facts, connected, hasCurrentList, delivered: pending.delivered === true };
        const set = setOf(device, known) ?? setWhereLastSeen(device, known);
        if (!set) continue;
        set.devices.push(device);
        if (set.denied.length === 0) continue;
        if (pending.waits && pending.waits.messages + pending.waits.commands > 0) waits.set(device, pending.waits);
        if (names.size > 0 && names.has(nameKey(user))) ofApprovers += 1;
      }
      await turn();
    }
    return { at, fleet: await deviceStates.activeDevices(), sets: [...sets.values()], ofApprovers, lastSeen, waits };
  }

  const rehearseAnew = (request: RehearsalRequest) => queue(() => run(request));
  return { rehearseAnew, rehearse: (request) => cache.get(keyOf(request, clock.now()), () => rehearseAnew(request)) };
}

/** Time for which a revision is evaluated: its effective time if this is in the future, otherwise the current time. */
function momentOf({ effective }: OrderRule, when: RehearsalRequest['at'], now: Instant): Instant {
  return when === 'now' ? now : Math.max(now, effective);
}

/** Groups devices on which an order has equal impact, so that an impact preview evaluates each group only once. */
function createGroups({ rule, exemptions, baseline, at: when, selection }: RehearsalRequest, now: Instant) {
  type GroupInProgress = ImpactGroup & { readonly devices: DeviceId[] };
  const after = createEvaluation(rule, exemptions, momentOf(rule, when, now));
  const before = baseline && createEvaluation(baseline.rule, baseline.exemptions, momentOf(baseline.rule, when, now));
  const rules = before ? [rule, before.rule] : [rule];
  const sets = new Map<string, GroupInProgress>();
  const groupByKey = new Map<string, GroupInProgress | null>();

  function evaluate(device: DeviceId, known: Known): GroupInProgress | null {
    const impact = after.impact(device, known, now);
    const change =
      before && changeOf({ rule: before.rule, impact: before.impact(device, known, now) }, { rule, impact });
    const { classes, denied, reasons, areas, exemptUntil } = impact;
    if (change === null && (selection === 'all' ? classes : denied).length === 0) return null;
    const { connected } = known;
    const { home } = known.facts;
    const changed = change && [change.kind, change.before.denied, change.before.reasons];
    const key = [classes, denied, reasons, areas, exemptUntil, home, connected, changed].join(' ');
    const set = sets.get(key) ?? { ...impact, home, connected, change, devices: [] };
    sets.set(key, set);
    return set;
  }

  /**
   * Returns the set of devices with equal impact to which the given device belongs. Null if the previewed order has no impact on the
   * device.
   */
  function setOf(device: DeviceId, known: Known): GroupInProgress | null {
    const key = after.exempts(device) || before?.exempts(device) ? null : impactKey(rules, known, now);
    if (key === null) return evaluate(device, known);
    const set = groupByKey.get(key);
    if (set !== undefined) return set;
    const evaluated = evaluate(device, known);
    groupByKey.set(key, evaluated);
    return evaluated;
  }

  return { at: after.at, sets, setOf };
}

function createEvaluation(rule: OrderRule, exemptions: readonly ExemptionRow[], at: Instant) {
  const active = activeAt(rule, at);
  const exempt = Map.groupBy(exemptions, ({ device }) => device);
  return {
    at,
    rule,
    exempts: (device: DeviceId) => exempt.has(device),
    impact: (device: DeviceId, known: Known, now: Instant) =>
      impactOn(active, { ...known, exemptions: exempt.get(device) ?? [] }, { now, at }),
  };
}

export function* slices<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

/**
 * Cache key of an order's impact preview. The key covers all input that affects the preview, except the data of devices. An order's title
 * and texts do not affect the preview and are therefore not part of the key.
 */
function keyOf(
  { rule, exemptions, listed, number, baseline, among, at, selection, lastSeen, names }: RehearsalRequest,
  now: Instant,
): string {
  const compared = baseline && termsKey(baseline.rule, baseline.exemptions, at);
  const limits = [selection, lastSeen === true, [...names].sort()];
  const rest = [among && termsKey(among, [], at), listed, number, at, limits, Math.floor(now / MINUTE)];
  return sha256(JSON.stringify([termsKey(rule, exemptions, at), compared, rest]));
}

function termsKey(rule: OrderRule, exemptions: readonly ExemptionRow[], at: RehearsalRequest['at']): unknown {
  const { services, areas, polygons = [], nexus, unknown, contested, visitors, travelers, disputed, effective } = rule;
  const drawn = polygons.map(({ code }) => code);
  const sets = [services, areas, nexus, drawn].map((set) => [...set].sort());
  const own = [unknown, contested, visitors, travelers, [...disputed], at === 'effective' ? effective : null];
  const pauses = [rule.withdrawn, rule.pausedUntil === null];
  return [sets, own, pauses, exemptions.map(({ device, until }) => [device, until])];
}
