/**
 * Cache of verdicts, each of which states the services that orders suspend for one device. The relay needs the verdicts of sender and
 * recipients for every message.
 *
 * A cached verdict is valid until its `nextChange` at the latest. A change of an order, or of the device's location, home area, legal seat
 * or exemptions, makes the verdict invalid earlier.
 */
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { evaluate } from '../../../shared/verdict/evaluate.ts';
import type { DeviceFacts, OrderRule, Verdict } from '../../../shared/verdict/terms.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Log } from '../ports.ts';
import { createVerdictChanges } from './verdict-changes.ts';

/** Maximum number of devices that one notification on the bus names. */
const WAKE_SIZE = 1000;

export interface VerdictPorts {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
  readonly rules: () => readonly OrderRule[];
  readonly facts: (device: DeviceId) => Promise<DeviceFacts | undefined>;
  readonly affectedBy: (rule: OrderRule) => Promise<readonly DeviceId[]>;
}

export interface Verdicts {
  cached(device: DeviceId): Verdict | undefined;
  verdict(device: DeviceId): Promise<Verdict | null>;
  invalidate(devices: readonly DeviceId[]): void;
  /**
   * Deletes the cached verdicts (suspended services) of all devices, because a changed order can affect any device. Also sets the timer anew
   * for the next start or end of an order.
   */
  rulesChanged(): void;
  wakeAffected(rule: OrderRule): Promise<void>;
  stop(): Promise<void>;
}

function earlierOf(a: Instant | null, b: Instant | null): Instant | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

export function createVerdicts(ports: VerdictPorts): Verdicts {
  const { clock, bus, log, rules, facts, affectedBy } = ports;
  const cache = new Map<DeviceId, Verdict>();
  /** Number of times that each device's verdict was invalidated. An evaluation that began before an invalidation must not be cached. */
  const invalidations = new Map<DeviceId, number>();
  const wakes = new Set<Promise<void>>();
  let epoch = 0;

  const changes = createVerdictChanges({
    clock,
    rules,
    onChange: (devices, changedRules) => {
      invalidate(devices);
      wake(devices);
      for (const rule of changedRules) void wakeAffected(rule);
    },
  });

  const fresh = (verdict: Verdict, now: Instant) => verdict.nextChange === null || now < verdict.nextChange;

  function cached(device: DeviceId): Verdict | undefined {
    const entry = cache.get(device);
    return entry && fresh(entry, clock.now()) ? entry : undefined;
  }

  async function verdict(device: DeviceId): Promise<Verdict | null> {
    const entry = cached(device);
    if (entry) return entry;
    const before = epoch;
    const count = invalidations.get(device);
    const known = await facts(device);
    if (!known) return null;
    const evaluated = evaluate(rules(), known, clock.now());
    const current = epoch === before && invalidations.get(device) === count;
    if (current) cache.set(device, evaluated);
    // An outdated evaluation may miss a verdict change that is already scheduled. Use the earlier of the two times.
    changes.expect(device, current ? evaluated.nextChange : earlierOf(evaluated.nextChange, changes.expected(device)));
    return evaluated;
  }

  function invalidate(devices: readonly DeviceId[]): void {
    for (const device of devices) {
      cache.delete(device);
      invalidations.set(device, (invalidations.get(device) ?? 0) + 1);
    }
  }

  function wake(devices: Iterable<DeviceId>): void {
    const all = [...new Set(devices)];
    for (let from = 0; from < all.length; from += WAKE_SIZE) {
      bus.publish({ kind: 'verdicts', devices: all.slice(from, from + WAKE_SIZE) });
    }
  }

  function wakeAffected(rule: OrderRule): Promise<void> {
    const waking = findAndWake(rule).finally(() => wakes.delete(waking));
    wakes.add(waking);
    return waking;
  }

  async function findAndWake(rule: OrderRule): Promise<void> {
    try {
      const devices = await affectedBy(rule);
      invalidate(devices);
      wake(devices);
    } catch (error) {
      // A lost notification does no harm: devices also compare their state with the server periodically, and every check uses a current
      // verdict.
      log.warn(
        { err: error, order: rule.order },
        'Devices could not be woken. They check for changes on their own timer.',
      );
    }
  }

  const unsubscribe = bus.subscribe((event) => {
    if (event.kind === 'verdicts') invalidate(event.devices);
    if (event.kind === 'device' || event.kind === 'ended') invalidate([event.device]);
  });

  return {
    cached,
    verdict,
    invalidate,
    rulesChanged: () => {
      epoch += 1;
      cache.clear();
      invalidations.clear();
      changes.reschedule();
    },
    wakeAffected,
    stop: async () => {
      unsubscribe();
      changes.stop();
      await Promise.all(wakes);
    },
  };
}
