import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Measures the longest block of the event loop in milliseconds of this thread's CPU time, because other processes may use the same core.
 * Returns a function that ends the measurement.
 */
export function longestTurn(): () => number {
  const cpu = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let longest = 0;
  let last = cpu();
  let watching = true;
  const look = () => {
    longest = Math.max(longest, cpu() - last);
    last = cpu();
    if (watching) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    watching = false;
    return longest;
  };
}

/**
 * Collects garbage twice, after which the objects of a test's preparation are old. Otherwise V8 would copy them during the measurement, which
 * takes up to 80 ms for 100,000 objects on a busy machine.
 */
export function settleMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('V8 does not offer its garbage collection');
  for (let round = 0; round < 2; round += 1) collect();
}
