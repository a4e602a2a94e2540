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
  WALL_TRUST,
} from './device-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T = Date.parse('2015-11-30T12:00:00Z');
const BOOT_1 = { monotonic: 1_000, boot: 'one' };
const BOOT_2 = { monotonic: 500, boot: 'two' };
const base = firstClock(T, BOOT_1);

describe('the time on a device', () => {
  it.each<{ name: string; after: ClockState; monotonic: number; says: number }>([
    { name: 'counts on from the last authenticated time', after: base, monotonic: 1_000 + HOUR, says: T + HOUR },
    {
      name: 'goes on over a crash within one boot, whatever the wall says',
      after: resumeClock(base, { monotonic: 1_000 + HOUR, boot: 'one' }, T + 5 * DAY),
      monotonic: 1_000 + HOUR,
      says: T + HOUR,
    },
    {
      name: 'hears the wall after a reboot',
      after: resumeClock(base, BOOT_2, T + 2 * DAY),
      monotonic: BOOT_2.monotonic + HOUR,
      says: T + 2 * DAY + HOUR,
    },
    {
      name: 'case 59: a wall clock years ahead moves it seven days at most',
      after: resumeClock(base, BOOT_2, T + 4000 * DAY),
      monotonic: BOOT_2.monotonic,
      says: T + 7 * DAY,
    },
    {
      name: 'case 59: a wall clock years behind moves it nowhere',
      after: resumeClock(base, BOOT_2, 0),
      monotonic: BOOT_2.monotonic,
      says: T,
    },
    {
      name: 'case 28: a reboot does not take back what had passed before it',
      after: resumeClock(advanceClock(base, 1_000 + 9 * DAY), BOOT_2, 0),
      monotonic: BOOT_2.monotonic,
      says: T + 9 * DAY,
    },
    {
      name: 'is the server’s again when the server says so, also backwards from what the wall had claimed',
      after: authenticateClock(resumeClock(base, BOOT_2, T + 6 * DAY), T + DAY, BOOT_2, T + 6 * DAY),
      monotonic: BOOT_2.monotonic,
      says: T + DAY,
    },
    {
      name: 'never goes below the floor, whatever a server says',
      after: authenticateClock(base, T - 30 * DAY, BOOT_1, T),
      monotonic: BOOT_1.monotonic,
      says: T,
    },
    {
      name: 'is at least the date of what was signed',
      after: atLeast(base, T + DAY, BOOT_1, T + DAY),
      monotonic: BOOT_1.monotonic,
      says: T + DAY,
    },
    {
      name: 'is not taken back by an older date',
      after: atLeast(base, T - DAY, BOOT_1, T),
      monotonic: BOOT_1.monotonic + HOUR,
      says: T + HOUR,
    },
  ])('$name', ({ after, monotonic, says }) => {
    expect(clockNow(after, monotonic)).toBe(says);
  });

  const booted = resumeClock(base, BOOT_2, T + HOUR);
  const at = (monotonic: number, boot = 'one') => ({ monotonic: 1_000 + monotonic, boot });
  it.each<{ name: string; state: ClockState; server: number; wall: number; taken: boolean }>([
    { name: 'a server two days ahead of all clocks here', state: base, server: T + 2 * DAY, wall: T, taken: false },
    { name: 'the same after a reboot', state: booted, server: T + 3 * DAY, wall: T + HOUR, taken: false },
    { name: 'a server a quarter of an hour ahead', state: base, server: T + HOUR / 4, wall: T, taken: true },
    { name: 'a server that the wall clock confirms', state: base, server: T + 2 * DAY, wall: T + 2 * DAY, taken: true },
    { name: 'a server after ten days off', state: booted, server: T + 10 * DAY, wall: T + 10 * DAY, taken: true },
    {
      name: 'case 59: the same, with a wall clock that stopped',
      state: booted,
      server: T + 10 * DAY,
      wall: 0,
      taken: true,
    },
    { name: 'a wall clock a time zone off', state: booted, server: T + 15 * HOUR, wall: T + HOUR, taken: true },
    { name: 'case 59: a wall clock years ahead', state: booted, server: T + 2 * HOUR, wall: 2 * T, taken: true },
  ])('$name: is accepted at once: $taken', ({ state, server, wall, taken }) => {
    const reading = { monotonic: state.anchor.monotonic, boot: state.anchor.boot };
    const before = clockNow(state, reading.monotonic);
    const after = authenticateClock(state, server, reading, wall);
    expect(clockNow(after, reading.monotonic)).toBe(taken ? server : before);
    expect(after.floor).toBe(taken ? server : state.floor);
    expect(after.claim ?? null).toEqual(taken ? null : { time: server, ...reading });
    // A signed date moves the device's time exactly as the server's time does.
    expect(atLeast(state, server, reading, wall).floor).toBe(taken ? server : state.floor);
  });

  it('accepts an implausible time after six hours of the same claim, and forgets an abandoned claim', () => {
    const held = authenticateClock(base, T + 2 * DAY, at(0), T);
    const later = authenticateClock(held, T + 2 * DAY + 5 * HOUR, at(5 * HOUR), T + 5 * HOUR);
    expect(clockNow(later, 1_000 + 5 * HOUR)).toBe(T + 5 * HOUR);
    const believed = authenticateClock(later, T + 2 * DAY + 6 * HOUR, at(6 * HOUR), T + 6 * HOUR);
    expect(clockNow(believed, 1_000 + 6 * HOUR)).toBe(T + 2 * DAY + 6 * HOUR);

    const right = authenticateClock(later, T + 5.5 * HOUR, at(5.5 * HOUR), T + 5.5 * HOUR);
    const again = authenticateClock(right, T + 2 * DAY + 7 * HOUR, at(7 * HOUR), T + 7 * HOUR);
    expect(clockNow(again, 1_000 + 7 * HOUR)).toBe(T + 7 * HOUR);
    const wandering = authenticateClock(again, T + 9 * DAY, at(20 * HOUR), T + 20 * HOUR);
    expect(clockNow(wandering, 1_000 + 20 * HOUR)).toBe(T + 20 * HOUR);
  });

  const WRONG = { from: T + 2 * DAY, until: T + 2 * DAY + HOUR, earliest: T + 2 * HOUR };
  const poisoned = firstClock(T + 2 * DAY + HOUR / 2, BOOT_1);
  const passed = (state: ClockState, ms: number) => advanceClock(state, state.anchor.monotonic + ms);
  it.each<{ name: string; state: ClockState; wall: number; becomes: number | null }>([
    { name: 'a device that took the wrong time', state: poisoned, wall: T + 3 * HOUR, becomes: T + 3 * HOUR },
    { name: 'the same, offline ever since', state: passed(poisoned, DAY), wall: T + DAY, becomes: T + DAY },
    { name: 'one whose own clock is far behind', state: poisoned, wall: T - DAY, becomes: null },
    { name: 'one that never took it', state: base, wall: T + 3 * HOUR, becomes: null },
    { name: 'an honest device, when that time has come', state: poisoned, wall: T + 2 * DAY + HOUR / 2, becomes: null },
    { name: 'a device that is past it', state: firstClock(T + 9 * DAY, BOOT_1), wall: T + DAY, becomes: null },
  ])('a time correction and $name', ({ state, wall, becomes }) => {
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
          expect(now).toBeLessThanOrEqual(T + passed + WALL_TRUST);
          expect(state.floor).toBe(T);
        }
      }),
    );
  });
});
