/**
 * Cache of the verdicts of devices. The relay needs the verdicts of sender and recipients for every post. A verdict is valid until the
 * rules or the device's facts change, or until its `nextChange`. The server wakes devices at that time, and when an order takes effect or
 * ends.
 */
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { evaluate } from '../../../shared/verdict/evaluate.ts';
import type { DeviceFacts, OrderRule, Verdict } from '../../../shared/verdict/terms.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Log } from '../ports.ts';

/** Maximum number of devices in one wake. */
const WAKE_SIZE = 1000;

export interface VerdictPorts {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
  readonly rules: () => readonly OrderRule[];
  /** Facts of the device; undefined for an unknown device. */
  readonly facts: (device: DeviceId) => Promise<DeviceFacts | undefined>;
  readonly affectedBy: (rule: OrderRule) => Promise<readonly DeviceId[]>;
}

export interface Verdicts {
  /** Verdict from the cache; undefined if the cache has no verdict for the device. */
  cached(device: DeviceId): Verdict | undefined;
  verdict(device: DeviceId): Promise<Verdict | null>;
  invalidate(devices: readonly DeviceId[]): void;
  /** Deletes all cached verdicts and schedules the next changes. Call the method when the rules changed. */
  rulesChanged(): void;
  wakeAffected(rule: OrderRule): Promise<void>;
  /** Stops the timer. Resolves when no request to the store is in progress. */
  stop(): Promise<void>;
}

export function instantsOf(rule: OrderRule): Instant[] {
  return [rule.effective, rule.until, rule.pausedUntil].filter(
    (at): at is Instant => at !== null && Number.isFinite(at),
  );
}

function earlierOf(a: Instant | null, b: Instant | null): Instant | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

export function createVerdicts(ports: VerdictPorts): Verdicts {
  const { clock, bus, log, rules, facts, affectedBy } = ports;
  const cache = new Map<DeviceId, Verdict>();
  /**
   * Times at which verdicts change without an event, by device. The times remain when the cache is cleared: the server must wake a device
   * at the end of its exemption or grace period, even if no request evaluated it again.
   */
  const awaited = new Map<DeviceId, Instant>();
  /** Number of invalidations by device. An evaluation that began before an invalidation must not enter the cache. */
  const turns = new Map<DeviceId, number>();
  const underWay = new Set<Promise<void>>();
  let epoch = 0;
  let seenUntil = clock.now();
  let timer: { readonly at: Instant; readonly cancel: () => void } | null = null;

  const fresh = (verdict: Verdict, now: Instant) => verdict.nextChange === null || now < verdict.nextChange;

  function cached(device: DeviceId): Verdict | undefined {
    const entry = cache.get(device);
    return entry && fresh(entry, clock.now()) ? entry : undefined;
  }

  async function verdict(device: DeviceId): Promise<Verdict | null> {
    const entry = cached(device);
    if (entry) return entry;
    const before = epoch;
    const turn = turns.get(device);
    const known = await facts(device);
    if (!known) return null;
    const made = evaluate(rules(), known, clock.now());
    const settled = epoch === before && turns.get(device) === turn;
    if (settled) cache.set(device, made);
    // An outdated evaluation may miss a change that the previous verdict knew. Use the earlier of the two times.
    const next = settled ? made.nextChange : earlierOf(made.nextChange, awaited.get(device) ?? null);
    if (next === null) awaited.delete(device);
    else {
      awaited.set(device, next);
      schedule(next);
    }
    return made;
  }

  function invalidate(devices: readonly DeviceId[]): void {
    for (const device of devices) {
      cache.delete(device);
      turns.set(device, (turns.get(device) ?? 0) + 1);
    }
  }

  function wake(devices: Iterable<DeviceId>): void {
    const all = [...new Set(devices)];
    for (let from = 0; from < all.length; from += WAKE_SIZE) {
      bus.publish({ kind: 'verdicts', devices: all.slice(from, from + WAKE_SIZE) });
    }
  }

  function schedule(at: Instant): void {
    if (timer && timer.at <= at) return;
    timer?.cancel();
    timer = { at, cancel: clock.at(at, due) };
  }

  function scheduleNext(): void {
    let earliest = Infinity;
    for (const rule of rules()) {
      for (const at of instantsOf(rule)) if (at > seenUntil && at < earliest) earliest = at;
    }
    for (const at of awaited.values()) if (at < earliest) earliest = at;
    timer?.cancel();
    timer = null;
    if (earliest < Infinity) schedule(earliest);
  }

  /**
   * Wakes the devices whose verdict changes now: devices with a due `nextChange`, and devices that the start or end of an order can affect.
   */
  function due(): void {
    timer = null;
    const now = clock.now();
    const turned = rules().filter((rule) => instantsOf(rule).some((at) => at > seenUntil && at <= now));
    seenUntil = now;
    const changed = [...awaited].filter(([, at]) => at <= now).map(([device]) => device);
    for (const device of changed) awaited.delete(device);
    invalidate(changed);
    wake(changed);
    for (const rule of turned) void wakeAffected(rule);
    scheduleNext();
  }

  function wakeAffected(rule: OrderRule): Promise<void> {
    const waking = findAndWake(rule).finally(() => underWay.delete(waking));
    underWay.add(waking);
    return waking;
  }

  async function findAndWake(rule: OrderRule): Promise<void> {
    try {
      const devices = await affectedBy(rule);
      invalidate(devices);
      wake(devices);
    } catch (error) {
      // A lost wake does no harm: devices also reconcile on their own timer, and every check uses a current verdict.
      log.warn(
        { err: error, order: rule.order },
        'Devices could not be woken. They check for changes on their own timer.',
      );
    }
  }

  const unsubscribe = bus.subscribe((heard) => {
    if (heard.kind === 'verdicts') invalidate(heard.devices);
    if (heard.kind === 'device' || heard.kind === 'ended') invalidate([heard.device]);
  });

  return {
    cached,
    verdict,
    invalidate,
    rulesChanged: () => {
      epoch += 1;
      cache.clear();
      turns.clear();
      scheduleNext();
    },
    wakeAffected,
    stop: async () => {
      unsubscribe();
      timer?.cancel();
      timer = null;
      await Promise.all(underWay);
    },
  };
}
