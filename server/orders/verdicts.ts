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
  /** Resolves when nothing asks the store any more. */
  stop(): Promise<void>;
}

/** The instants at which a rule enters or leaves force. */
export function instantsOf(rule: OrderRule): Instant[] {
  return [rule.effective, rule.until, rule.heldUntil].filter((at): at is Instant => at !== null && Number.isFinite(at));
}

function earlierOf(a: Instant | null, b: Instant | null): Instant | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

export function createVerdicts(ports: VerdictPorts): Verdicts {
  const { clock, bus, log, rules, facts, affectedBy } = ports;
  const cache = new Map<DeviceId, Verdict>();
  /**
   * When a verdict that was made changes by itself. Kept when the verdict is dropped: a list that is only fresh drops all of them, and nobody need ask
   * about a device before its exemption or its grace is over.
   */
  const awaited = new Map<DeviceId, Instant>();
  /** Counts invalidations, so that an evaluation that was under way meanwhile does not come back into the cache. */
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
    // One that was overtaken may know less than the one before it: the earlier instant of the two is looked at again.
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

  /** Something that was scheduled has come: who is concerned is found by the rules' index and by what the verdicts said themselves. */
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
    stop: async () => {
      unsubscribe();
      timer?.cancel();
      timer = null;
      await Promise.all(underWay);
    },
  };
}
