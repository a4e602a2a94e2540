import { describe, expect, it } from 'vitest';
import { DrivenClock } from '../time/driven-clock.ts';
import { Loop, type LoopOptions } from './loop.ts';

const turn = () => new Promise(setImmediate);

/** A loop whose runs end when the test ends them. */
function controlled(options: Partial<LoopOptions> = {}) {
  const clock = new DrivenClock(0);
  const ends: ((error?: unknown) => void)[] = [];
  const failures: unknown[] = [];
  const loop = new Loop({
    clock,
    run: () => new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve()))),
    failed: (error) => failures.push(error),
    ...options,
  });
  return { loop, clock, ends, failures };
}

describe('Loop', () => {
  it('joins the requests before a run into that run', async () => {
    const { loop, ends } = controlled();
    loop.request();
    loop.request();
    const done = loop.run();
    await turn();
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await done;
    await turn();
    expect(ends).toHaveLength(1);
  });

  it('makes one more run for all requests during a run, and never two runs at a time', async () => {
    const { loop, ends } = controlled();
    loop.request();
    await turn();
    let second = false;
    for (const done of [loop.run(), loop.run()]) void done.then(() => (second = true));
    await turn();
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await turn();
    expect([ends.length, second]).toEqual([2, false]);
    ends[1]?.();
    await turn();
    expect([ends.length, second]).toEqual([2, true]);
  });

  it('loses no request at the end of a run, however late', async () => {
    for (let ticks = 0; ticks < 8; ticks += 1) {
      const first = Promise.withResolvers<void>();
      let runs = 0;
      const loop = new Loop({
        run: () => {
          runs += 1;
          return runs === 1 ? first.promise : Promise.resolve();
        },
        failed: () => undefined,
      });
      loop.request();
      await turn();
      first.resolve();
      for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
      loop.request();
      await turn();
      expect(runs).toBe(2);
    }
  });

  it('reports a failed run, tries again after the given time, and rejects only for `runOrThrow`', async () => {
    const { loop, clock, ends, failures } = controlled({ retryAfter: 60 });
    const [quiet, loud] = [loop.run(), loop.runOrThrow()];
    const thrown = expect(loud).rejects.toThrow('full');
    await turn();
    ends[0]?.(new Error('full'));
    await quiet;
    await thrown;
    expect(failures).toEqual([new Error('full')]);
    clock.jump(59);
    await turn();
    expect(ends).toHaveLength(1);
    clock.jump(60);
    await turn();
    expect(ends).toHaveLength(2);
  });

  it('runs at the earliest requested time, and an immediate run replaces a later one', async () => {
    const { loop, clock, ends } = controlled();
    loop.requestAt(50);
    loop.requestAt(20);
    loop.requestAt(30);
    clock.jump(20);
    await turn();
    ends[0]?.();
    await turn();
    clock.jump(60);
    await turn();
    expect(ends).toHaveLength(1);
  });

  it('runs again at the time that a run returns, and after each interval', async () => {
    const clock = new DrivenClock(0);
    const at: number[] = [];
    const run = async () => {
      at.push(clock.now());
      return at.length === 1 ? 10 : null;
    };
    const loop = new Loop({ clock, run, failed: () => undefined, every: 100 });
    await loop.run();
    for (const to of [9, 10, 109, 110]) {
      clock.jump(to);
      await turn();
    }
    expect(at).toEqual([0, 10, 110]);
  });

  it('stops after the current run, which sees `stopped`, and begins no other', async () => {
    const current = Promise.withResolvers<void>();
    let runs = 0;
    const clock = new DrivenClock(0);
    const loop = new Loop({
      clock,
      run: () => {
        runs += 1;
        return current.promise;
      },
      failed: () => undefined,
      every: 10,
    });
    loop.request();
    await turn();
    loop.request();
    let stopped = false;
    const stop = loop.stop().then(() => (stopped = true));
    await turn();
    expect([loop.stopped, stopped]).toEqual([true, false]);
    current.resolve();
    await stop;
    loop.request();
    loop.requestAt(5);
    clock.jump(100);
    await loop.run();
    expect(runs).toBe(1);
  });

  it('does not try again after a run that failed while the loop stopped', async () => {
    const { loop, clock, ends, failures } = controlled({ retryAfter: 10 });
    loop.request();
    await turn();
    const stop = loop.stop();
    ends[0]?.(new Error('closed'));
    await stop;
    clock.jump(100);
    await turn();
    expect([ends.length, failures.length]).toEqual([1, 1]);
  });
});
