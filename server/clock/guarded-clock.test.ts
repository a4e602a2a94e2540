import { describe, expect, it } from 'vitest';
import { GuardedClock } from './guarded-clock.ts';

const HOUR = 3_600_000;

/** Machine whose clocks the test controls. */
function machine() {
  let [wall, monotonic, uptime] = [1_000 * HOUR, 50, 20 * HOUR];
  return {
    wall: () => wall,
    monotonic: () => monotonic,
    uptime: () => uptime,
    boot: 'a',
    pass(ms: number) {
      wall += ms;
      monotonic += ms;
      uptime += ms;
    },
    sleep(ms: number) {
      wall += ms;
      uptime += ms;
    },
    set(ms: number) {
      wall += ms;
    },
  };
}

describe('guarded clock', () => {
  it('follows the wall clock, small corrections and a sleep', () => {
    const box = machine();
    const clock = new GuardedClock(box);
    box.pass(HOUR);
    expect(clock.now()).toBe(box.wall());
    box.set(-20_000);
    expect(clock.now()).toBe(box.wall());
    box.sleep(10 * HOUR);
    expect(clock.now()).toBe(box.wall());
    expect(clock.jump()).toBeNull();
  });

  it.each([48 * HOUR, -48 * HOUR])('does not follow a jump of %d ms, and continues by itself (28)', (jump) => {
    const box = machine();
    const clock = new GuardedClock(box);
    const before = clock.now();
    box.set(jump);
    box.pass(1_000);
    expect(clock.now()).toBe(before + 1_000);
    expect(clock.jump()).toBe(jump);
    box.pass(HOUR);
    expect(clock.now()).toBe(before + 1_000 + HOUR);
    box.set(-jump);
    expect(clock.now()).toBe(box.wall());
    expect(clock.jump()).toBeNull();
  });

  it('accepts a confirmed jump, and runs the tasks that are due then', async () => {
    const box = machine();
    const clock = new GuardedClock(box);
    const ran = new Promise<void>((resolve) => clock.at(box.wall() + 47 * HOUR, resolve));
    box.set(48 * HOUR);
    expect(clock.jump()).toBe(48 * HOUR);
    clock.accept();
    expect(clock.now()).toBe(box.wall());
    await ran;
  });

  it('runs a task when it is due, not before, and not after its cancellation', async () => {
    const clock = new GuardedClock({
      wall: () => Date.now(),
      monotonic: () => performance.now(),
      uptime: () => performance.now(),
      boot: null,
    });
    let early = false;
    const cancel = clock.at(clock.now() + 2 ** 33, () => {
      early = true;
    });
    await new Promise<void>((resolve) => clock.at(clock.now() + 5, resolve));
    cancel();
    expect(early).toBe(false);
  });
});
