import { describe, expect, it } from 'vitest';
import { DrivenClock } from './driven-clock.ts';

describe('DrivenClock', () => {
  it('fires each overdue timer once, in due order, and those that they set for the same stretch', () => {
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

  it('does not fire what was canceled, and never goes back', () => {
    const clock = new DrivenClock(5);
    let fired = 0;
    const cancel = clock.at(6, () => fired++);
    cancel();
    clock.jump(10);
    expect(fired).toBe(0);
    expect(() => clock.jump(9)).toThrow(RangeError);
  });

  it('runs what is due already on a later turn', async () => {
    const clock = new DrivenClock(5);
    let fired = 0;
    clock.at(5, () => fired++);
    expect(fired).toBe(0);
    await new Promise(setImmediate);
    expect(fired).toBe(1);
  });
});
