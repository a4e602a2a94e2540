import { describe, expect, it } from 'vitest';
import { DrivenClock } from './driven-clock.ts';

describe('DrivenClock', () => {
  it('runs each overdue task once, in the order of due times, with tasks that they schedule in the same period', () => {
    const clock = new DrivenClock(0);
    const fired: string[] = [];
    clock.at(30, () => fired.push('c'));
    clock.at(10, () => {
      fired.push('a');
      clock.at(20, () => fired.push('b'));
    });
    const periodic = () => {
      fired.push(`every 7 at ${clock.now()}`);
      clock.at(clock.now() + 7, periodic);
    };
    clock.at(7, periodic);
    clock.jump(100);
    expect(fired).toEqual(['every 7 at 100', 'a', 'b', 'c']);
  });

  it('does not run a canceled task, and never goes back', () => {
    const clock = new DrivenClock(5);
    let fired = 0;
    const cancel = clock.at(6, () => fired++);
    cancel();
    clock.jump(10);
    expect(fired).toBe(0);
    expect(() => clock.jump(9)).toThrow(RangeError);
  });

  it('runs a task that is already due in a later turn', async () => {
    const clock = new DrivenClock(5);
    let fired = 0;
    clock.at(5, () => fired++);
    expect(fired).toBe(0);
    await new Promise(setImmediate);
    expect(fired).toBe(1);
  });
});
