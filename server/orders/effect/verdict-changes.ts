/**
 * Schedules changes of verdicts (decisions which services are suspended for a device) at known times: an order starts or ends, or a
 * device's exemption or grace period ends.
 */
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';

export interface VerdictChanges {
  /** Next time at which the device's verdict is expected to change; null if no change is expected. */
  expected(device: DeviceId): Instant | null;
  expect(device: DeviceId, at: Instant | null): void;
  reschedule(): void;
  stop(): void;
}

export function instantsOf(rule: OrderRule): Instant[] {
  return [rule.effective, rule.until, rule.pausedUntil].filter(
    (at): at is Instant => at !== null && Number.isFinite(at),
  );
}

export function createVerdictChanges(ports: {
  readonly clock: Clock;
  readonly rules: () => readonly OrderRule[];
  /**
   * Function that is called when orders may suspend or allow other services for devices. `devices`: devices for which a change was
   * scheduled for a time that has come. `rules`: orders that have started or ended, or whose pause has ended.
   */
  readonly onChange: (devices: readonly DeviceId[], rules: readonly OrderRule[]) => void;
}): VerdictChanges {
  const { clock, rules, onChange } = ports;
  /**
   * Time at which the services of each device may change next. This time is kept when the cached verdict of the device is deleted, because
   * the server must still notify the device at that time.
   */
  const expected = new Map<DeviceId, Instant>();
  let handledUntil = clock.now();
  let timer: { readonly at: Instant; readonly cancel: () => void } | null = null;

  function schedule(at: Instant): void {
    if (timer && timer.at <= at) return;
    timer?.cancel();
    timer = { at, cancel: clock.at(at, notifyChanges) };
  }

  function reschedule(): void {
    let earliest = Infinity;
    for (const rule of rules()) {
      for (const at of instantsOf(rule)) if (at > handledUntil && at < earliest) earliest = at;
    }
    for (const at of expected.values()) if (at < earliest) earliest = at;
    stop();
    if (earliest < Infinity) schedule(earliest);
  }

  function notifyChanges(): void {
    timer = null;
    const now = clock.now();
    const changedRules = rules().filter((rule) => instantsOf(rule).some((at) => at > handledUntil && at <= now));
    handledUntil = now;
    const devices = [...expected].filter(([, at]) => at <= now).map(([device]) => device);
    for (const device of devices) expected.delete(device);
    onChange(devices, changedRules);
    reschedule();
  }

  function stop(): void {
    timer?.cancel();
    timer = null;
  }

  return {
    expected: (device) => expected.get(device) ?? null,
    expect: (device, at) => {
      if (at === null) expected.delete(device);
      else {
        expected.set(device, at);
        schedule(at);
      }
    },
    reschedule,
    stop,
  };
}
