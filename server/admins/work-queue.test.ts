import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createWorkQueue } from './work-queue.ts';

function blockedJob() {
  const started: string[] = [];
  const finish: (() => void)[] = [];
  const work = (name: string) => () =>
    new Promise<string>((resolve) => {
      started.push(name);
      finish.push(() => resolve(name));
    });
  return { started, finish, work };
}
const LIMITS = { atOnce: 2, ofSource: 3, total: 4 };

it('runs a few jobs at once, and serves the sources in rotation', async () => {
  const queue = createWorkQueue(LIMITS);
  const { started, finish, work } = blockedJob();
  const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1'].map((name) => queue.run(name.slice(0, 1), work(name)));
  await turn();
  expect(started).toEqual(['a1', 'a2']);
  for (let done = 0; done < 6; done += 1) {
    finish[done]?.();
    await turn();
  }
  expect(started).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'a4']);
  expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'c1']);
});

it('refuses jobs above the limit of one source or of all, but never of a reserved source', async () => {
  const queue = createWorkQueue({ ...LIMITS, reserved: (source) => source.startsWith('known') });
  const { started, finish, work } = blockedJob();
  const outcomes: string[] = [];
  const run = (source: string) =>
    queue.run(source, work(source)).then(
      () => outcomes.push(`${source} done`),
      (error) => outcomes.push(`${source} ${error.code}`),
    );
  for (let count = 0; count < 6; count += 1) void run('a');
  void run('b');
  void run('c');
  void run('known');
  await turn();
  // Two jobs run and three wait. The sixth job exceeds the limit of `a`, and the job of `c` exceeds the total limit.
  expect(outcomes).toEqual(['a rate_limited', 'c rate_limited']);
  for (let done = 0; done < 7; done += 1) {
    finish[done]?.();
    await turn();
  }
  expect(started).toHaveLength(7);
  expect(outcomes).toContain('known done');
});

it('continues after a failed job', async () => {
  const queue = createWorkQueue({ ...LIMITS, atOnce: 1 });
  const failed = queue.run('a', () => Promise.reject(new Error('broken')));
  const after = queue.run('a', async () => 'done');
  await expect(failed).rejects.toThrow('broken');
  expect(await after).toBe('done');
});
