import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advanceClock,
  atLeast,
  authenticateClock,
  type ClockState,
  clockNow,
  correctClock,
  firstClock,
  resumeClock,
  WALL_CLOCK_TRUSTED_FOR,
} from './device-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T = Date.parse('2015-11-30T12:00:00Z');
const BOOT_1 = { monotonic: 1_000, boot: 'one' };
const BOOT_2 = { monotonic: 500, boot: 'two' };
const base = firstClock(T, BOOT_1);

describe('the clock of a device', () => {
  it.each<{ name: string; after: ClockState; monotonic: number; says: number }>([
    { name: 'counts on from the last authenticated time', after: base, monotonic: 1_000 + HOUR, says: T + HOUR },
    {
      name: 'continues after a crash in the same boot, and ignores the wall clock',
      after: resumeClock(base, { monotonic: 1_000 + HOUR, boot: 'one' }, T + 5 * DAY),
      monotonic: 1_000 + HOUR,
      says: T + HOUR,
    },
    {
      name: 'uses the wall clock after a reboot',
      after: resumeClock(base, BOOT_2, T + 2 * DAY),
      monotonic: BOOT_2.monotonic + HOUR,
      says: T + 2 * DAY + HOUR,
    },
    {
      name: 'case 59: moves at most seven days ahead with a wall clock that is years ahead',
      after: resumeClock(base, BOOT_2, T + 4000 * DAY),
      monotonic: BOOT_2.monotonic,
      says: T + 7 * DAY,
    },
    {
      name: 'case 59: does not move back with a wall clock that is years behind',
      after: resumeClock(base, BOOT_2, 0),
      monotonic: BOOT_2.monotonic,
      says: T,
    },
    {
      name: 'case 28: does not lose the elapsed time from before a reboot',
      after: resumeClock(advanceClock(base, 1_000 + 9 * DAY), BOOT_2, 0),
      monotonic: BOOT_2.monotonic,
      says: T + 9 * DAY,
    },
    {
      name: 'takes the server’s time again after the wall clock was ahead, also backward',
      after: authenticateClock(resumeClock(base, BOOT_2, T + 6 * DAY), T + DAY, BOOT_2, T + 6 * DAY),
      monotonic: BOOT_2.monotonic,
      says: T + DAY,
    },
    {
      name: 'never goes below the floor, even if the server’s time does',
      after: authenticateClock(base, T - 30 * DAY, BOOT_1, T),
      monotonic: BOOT_1.monotonic,
      says: T,
    },
    {
      name: 'is at least the date of a signed document',
      after: atLeast(base, T + DAY, BOOT_1, T + DAY),
      monotonic: BOOT_1.monotonic,
      says: T + DAY,
    },
    {
      name: 'does not go back for an older date',
      after: atLeast(base, T - DAY, BOOT_1, T),
      monotonic: BOOT_1.monotonic + HOUR,
      says: T + HOUR,
    },
  ])('$name', ({ after, monotonic, says }) => {
    expect(clockNow(after, monotonic)).toBe(says);
  });

  const booted = resumeClock(base, BOOT_2, T + HOUR);
  const at = (monotonic: number, boot = 'one') => ({ monotonic: 1_000 + monotonic, boot });
  it.each<{ name: string; state: ClockState; server: number; wall: number; accepted: boolean }>([
    {
      name: 'a server time two days ahead of all of the device’s clocks',
      state: base,
      server: T + 2 * DAY,
      wall: T,
      accepted: false,
    },
    {
      name: 'a server time two days ahead after a reboot',
      state: booted,
      server: T + 3 * DAY,
      wall: T + HOUR,
      accepted: false,
    },
    { name: 'a server time a quarter of an hour ahead', state: base, server: T + HOUR / 4, wall: T, accepted: true },
    {
      name: 'a server time that the wall clock confirms',
      state: base,
      server: T + 2 * DAY,
      wall: T + 2 * DAY,
      accepted: true,
    },
    {
      name: 'a server time after ten days without power',
      state: booted,
      server: T + 10 * DAY,
      wall: T + 10 * DAY,
      accepted: true,
    },
    {
      name: 'case 59: a server time after ten days without power, with a reset wall clock',
      state: booted,
      server: T + 10 * DAY,
      wall: 0,
      accepted: true,
    },
    {
      name: 'a server time that differs from the wall clock by a time zone',
      state: booted,
      server: T + 15 * HOUR,
      wall: T + HOUR,
      accepted: true,
    },
    {
      name: 'case 59: a server time far behind the wall clock',
      state: booted,
      server: T + 2 * HOUR,
      wall: 2 * T,
      accepted: true,
    },
  ])('$name: is accepted at once: $accepted', ({ state, server, wall, accepted }) => {
    const reading = { monotonic: state.anchor.monotonic, boot: state.anchor.boot };
    const before = clockNow(state, reading.monotonic);
    const after = authenticateClock(state, server, reading, wall);
    expect(clockNow(after, reading.monotonic)).toBe(accepted ? server : before);
    expect(after.floor).toBe(accepted ? server : state.floor);
    expect(after.claim ?? null).toEqual(accepted ? null : { time: server, ...reading });
    // A signed date moves the device's time exactly as the server's time does.
    expect(atLeast(state, server, reading, wall).floor).toBe(accepted ? server : state.floor);
  });

  it('accepts an implausible time that the server repeats for six hours, and discards one that it does not repeat', () => {
    const held = authenticateClock(base, T + 2 * DAY, at(0), T);
    const later = authenticateClock(held, T + 2 * DAY + 5 * HOUR, at(5 * HOUR), T + 5 * HOUR);
    expect(clockNow(later, 1_000 + 5 * HOUR)).toBe(T + 5 * HOUR);
    const accepted = authenticateClock(later, T + 2 * DAY + 6 * HOUR, at(6 * HOUR), T + 6 * HOUR);
    expect(clockNow(accepted, 1_000 + 6 * HOUR)).toBe(T + 2 * DAY + 6 * HOUR);

    const right = authenticateClock(later, T + 5.5 * HOUR, at(5.5 * HOUR), T + 5.5 * HOUR);
    const again = authenticateClock(right, T + 2 * DAY + 7 * HOUR, at(7 * HOUR), T + 7 * HOUR);
    expect(clockNow(again, 1_000 + 7 * HOUR)).toBe(T + 7 * HOUR);
    const wandering = authenticateClock(again, T + 9 * DAY, at(20 * HOUR), T + 20 * HOUR);
    expect(clockNow(wandering, 1_000 + 20 * HOUR)).toBe(T + 20 * HOUR);
  });

  const WRONG = { from: T + 2 * DAY, until: T + 2 * DAY + HOUR, earliest: T + 2 * HOUR };
  const withWrongTime = firstClock(T + 2 * DAY + HOUR / 2, BOOT_1);
  const passed = (state: ClockState, ms: number) => advanceClock(state, state.anchor.monotonic + ms);
  it.each<{ name: string; state: ClockState; wall: number; becomes: number | null }>([
    {
      name: 'sets back a device that has the wrong time',
      state: withWrongTime,
      wall: T + 3 * HOUR,
      becomes: T + 3 * HOUR,
    },
    {
      name: 'sets back a device that has the wrong time and was offline since',
      state: passed(withWrongTime, DAY),
      wall: T + DAY,
      becomes: T + DAY,
    },
    {
      name: 'does not change a device whose wall clock is far behind',
      state: withWrongTime,
      wall: T - DAY,
      becomes: null,
    },
    { name: 'does not change a device that never had the wrong time', state: base, wall: T + 3 * HOUR, becomes: null },
    {
      name: 'does not change a device on which that time is now correct',
      state: withWrongTime,
      wall: T + 2 * DAY + HOUR / 2,
      becomes: null,
    },
    {
      name: 'does not change a device after the wrong interval',
      state: firstClock(T + 9 * DAY, BOOT_1),
      wall: T + DAY,
      becomes: null,
    },
  ])('a time correction $name', ({ state, wall, becomes }) => {
    const reading = { monotonic: state.anchor.monotonic, boot: 'one' };
    const corrected = correctClock(state, WRONG, reading, wall);
    expect(corrected && clockNow(corrected, reading.monotonic)).toBe(becomes);
    if (corrected) expect(corrected.floor).toBe(WRONG.earliest);
  });

  type Step = { kind: 'pass'; ms: number } | { kind: 'reboot'; wall: number } | { kind: 'crash'; wall: number };
  const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 3 * DAY }) }),
      fc.record({ kind: fc.constant('reboot' as const), wall: fc.integer({ min: 0, max: 2 * T }) }),
      fc.record({ kind: fc.constant('crash' as const), wall: fc.integer({ min: 0, max: 2 * T }) }),
    ),
    { maxLength: 30 },
  );

  it('case 28: without authenticated time no wall clock starts an order early by more than seven days, or ends one', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        let state = base;
        let monotonic = BOOT_1.monotonic;
        let passed = 0;
        let boots = 1;
        for (const step of taken) {
          if (step.kind === 'pass') {
            monotonic += step.ms;
            passed += step.ms;
          } else {
            state = advanceClock(state, monotonic);
            if (step.kind === 'reboot') monotonic = 10 * ++boots;
            const boot = boots === 1 ? 'one' : `boot ${boots}`;
            state = resumeClock(state, { monotonic, boot }, step.wall);
          }
          const now = clockNow(state, monotonic);
          // Elapsed time is never lost while the device is up. A wrong wall clock adds at most seven days past the floor.
          expect(now).toBeGreaterThanOrEqual(T + passed);
          expect(now).toBeLessThanOrEqual(T + passed + WALL_CLOCK_TRUSTED_FOR);
          expect(state.floor).toBe(T);
        }
      }),
    );
  });
});
