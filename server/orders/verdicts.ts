/**
 * Each device's verdict, from a cache: the relay asks for those of sender and recipients with every post. An entry holds until the rules change, the device's
 * facts change, or the instant that the verdict itself names. That instant, and those at which orders enter and leave force, are scheduled
 * on the clock, and the devices concerned are woken.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { evaluate } from '../../shared/verdict/evaluate.ts';
import type { DeviceFacts, OrderRule, Verdict } from '../../shared/verdict/terms.ts';
import type { Bus } from '../bus/bus.ts';
import type { Log } from './ports.ts';

/** How many devices one wake names. */
const WAKE_SIZE = 1000;

export interface VerdictPorts {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
  readonly rules: () => readonly OrderRule[];
  /** Undefined for a device that is not known. */
  readonly facts: (device: DeviceId) => Promise<DeviceFacts | undefined>;
  readonly affectedBy: (rule: OrderRule) => Promise<readonly DeviceId[]>;
}

export interface Verdicts {
  /** From the cache, without waiting; undefined when it has to be made. */
  cached(device: DeviceId): Verdict | undefined;
  verdict(device: DeviceId): Promise<Verdict | null>;
  /** These devices' facts have changed. */
  invalidate(devices: readonly DeviceId[]): void;
  /** The rules have changed: everything is made anew when asked for, and the next instants are scheduled. */
  rulesChanged(): void;
  /** Wakes every device that the rule may reach. */
  wakeAffected(rule: OrderRule): Promise<void>;
  stop(): void;
}

/** The instants at which a rule enters or leaves force. */
export function instantsOf(rule: OrderRule): Instant[] {
  return [rule.effective, rule.until, rule.heldUntil].filter((at): at is Instant => at !== null && Number.isFinite(at));
}

export function createVerdicts(ports: VerdictPorts): Verdicts {
  const { clock, bus, log, rules, facts, affectedBy } = ports;
  const cache = new Map<DeviceId, Verdict>();
  /** Counts invalidations, so that an evaluation that was under way meanwhile does not come back into the cache. */
  const turns = new Map<DeviceId, number>();
  let epoch = 0;
  let seenUntil = clock.now();
  let next: { readonly at: Instant; readonly cancel: () => void } | null = null;

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
    if (epoch === before && turns.get(device) === turn) {
      cache.set(device, made);
      if (made.nextChange !== null) schedule(made.nextChange);
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
    if (next && next.at <= at) return;
    next?.cancel();
    next = { at, cancel: clock.at(at, due) };
  }

  function scheduleNext(): void {
    let earliest = Infinity;
    for (const rule of rules()) {
      for (const at of instantsOf(rule)) if (at > seenUntil && at < earliest) earliest = at;
    }
    for (const { nextChange } of cache.values()) {
      if (nextChange !== null && nextChange < earliest) earliest = nextChange;
    }
    next?.cancel();
    next = null;
    if (earliest < Infinity) schedule(earliest);
  }

  /** Something that was scheduled has come: who is concerned is found by the rules' index and by what the verdicts said themselves. */
  function due(): void {
    next = null;
    const now = clock.now();
    const turned = rules().filter((rule) => instantsOf(rule).some((at) => at > seenUntil && at <= now));
    seenUntil = now;
    const stale = [...cache].filter(([, entry]) => !fresh(entry, now)).map(([device]) => device);
    invalidate(stale);
    wake(stale);
    for (const rule of turned) void wakeAffected(rule);
    scheduleNext();
  }

  async function wakeAffected(rule: OrderRule): Promise<void> {
    try {
      const devices = await affectedBy(rule);
      invalidate(devices);
      wake(devices);
    } catch (error) {
      // A wake is a hint: devices reconcile on their own timer, and every check asks for a verdict of now.
      log.warn({ err: error, order: rule.order }, 'devices could not be woken');
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
    stop: () => {
      unsubscribe();
      next?.cancel();
      next = null;
    },
  };
}
