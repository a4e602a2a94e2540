import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advanceClock,
  atLeast,
  authenticateClock,
  type ClockState,
  clockNow,
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
      after: authenticateClock(resumeClock(base, BOOT_2, T + 6 * DAY), T + DAY, BOOT_2),
      monotonic: BOOT_2.monotonic,
      says: T + DAY,
    },
    {
      name: 'never goes below the floor, whatever a server says',
      after: authenticateClock(base, T - 30 * DAY, BOOT_1),
      monotonic: BOOT_1.monotonic,
      says: T,
    },
    {
      name: 'is at least the date of what was signed',
      after: atLeast(base, T + DAY, BOOT_1),
      monotonic: BOOT_1.monotonic,
      says: T + DAY,
    },
    {
      name: 'is not taken back by an older date',
      after: atLeast(base, T - DAY, BOOT_1),
      monotonic: BOOT_1.monotonic + HOUR,
      says: T + HOUR,
    },
  ])('$name', ({ after, monotonic, says }) => {
    expect(clockNow(after, monotonic)).toBe(says);
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
          // What really passed while it was up is never lost, and a lying wall adds seven days past the floor at most.
          expect(now).toBeGreaterThanOrEqual(T + passed);
          expect(now).toBeLessThanOrEqual(T + passed + WALL_TRUST);
          expect(state.floor).toBe(T);
        }
      }),
    );
  });
});
