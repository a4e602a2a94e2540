import { describe, expect, it } from 'vitest';
import { openClock } from './drive.ts';

const HOUR = 3_600_000;
const soon = (clock: ReturnType<typeof openClock>, ms: number) =>
  new Promise<number>((resolve) => clock.at(clock.now() + ms, () => resolve(clock.now())));

describe('a clock that runs', () => {
  it('goes with the machine, as far ahead as it is driven, and fires what is overdue in due order', () => {
    const clock = openClock({ ahead: HOUR });
    const machine = Date.now();
    expect(clock.now()).toBeGreaterThanOrEqual(machine + HOUR);
    expect(clock.now()).toBeLessThan(machine + HOUR + 1_000);
    const fired: string[] = [];
    clock.at(clock.now() + 3 * HOUR, () => fired.push('c'));
    clock.at(clock.now() + HOUR, () => {
      fired.push('a');
      cancel();
    });
    const cancel = clock.at(clock.now() + 2 * HOUR, () => fired.push('b'));
    clock.at(clock.now() + 30 * HOUR, () => fired.push('not yet'));
    clock.drive({ ahead: 6 * HOUR });
    expect(fired).toEqual(['a', 'c']);
    expect(clock.now() - Date.now()).toBeGreaterThan(6 * HOUR - 1_000);
  });

  it('fires by itself, also what is due already and what was set before a jump', async () => {
    const clock = openClock({ ahead: 0 });
    const due = clock.now() + HOUR + 20;
    const later = new Promise<number>((resolve) => clock.at(due, () => resolve(clock.now())));
    clock.drive({ ahead: HOUR });
    expect(await later).toBeGreaterThanOrEqual(due);
    const before = clock.now();
    expect(await soon(clock, -HOUR)).toBeGreaterThanOrEqual(before);
    expect(await soon(clock, 5)).toBeGreaterThanOrEqual(before + 5);
  });

  it('never goes back', () => {
    const clock = openClock({ ahead: HOUR });
    for (const to of [{ ahead: HOUR - 1 }, { at: Date.now() + 2 * HOUR }])
      expect(() => clock.drive(to)).toThrow(RangeError);
  });
});

describe('a clock that stands', () => {
  it('is where it was driven to, and nowhere else', () => {
    const clock = openClock({ at: 5 });
    let fired = 0;
    clock.at(7, () => fired++);
    clock.drive({ at: 7 });
    expect([clock.now(), fired]).toEqual([7, 1]);
    for (const to of [{ at: 6 }, { ahead: 1 }]) expect(() => clock.drive(to)).toThrow(RangeError);
  });
});
