/** CPU time and memory of other processes from /proc (Linux), and the core on which they run. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** CPU time of all threads in seconds, from the scheduler's accounts, because the ticks of `stat` have 10 ms each. */
export function cpuSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) nanoseconds += schedule(pid, thread).ran;
  return nanoseconds / 1e9;
}

/** Nanoseconds in which the process's main thread ran, and in which it waited for a core that another thread used. */
export const mainThread = (pid: number) => schedule(pid, String(pid));

function schedule(pid: number, thread: string): { ran: number; waited: number } {
  const [ran, waited] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ').map(Number);
  return { ran: ran ?? 0, waited: waited ?? 0 };
}

export function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

export function openFileLimit(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024);
}

/** Pins all threads of `pid` to one core. Returns false without a second core or without `taskset`. */
export function pin(pid: number, core: number): boolean {
  if (cpus().length < 2) return false;
  return spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' }).status === 0;
}

/** Resolves when the process has used at most 20 ms of CPU time in a quarter of a second. */
export async function quiet(pid: number): Promise<void> {
  for (let before = cpuSeconds(pid), waited = 0; waited < 20_000; waited += 250) {
    await delay(250);
    const now = cpuSeconds(pid);
    if (now - before <= 0.02) return;
    before = now;
  }
}
